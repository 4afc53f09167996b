use super::*;
use proptest::prelude::*;

prop_compose! {
    fn uris()(
        token in "[^\\x00 ]{1,8}",
        serial in proptest::option::of("[0-9a-zA-Z%;&? ]{0,15}x"),
        model in proptest::option::of("[ -~]{0,15}x"),
        manufacturer in proptest::option::of("[ -~]{0,31}x"),
    ) -> Pkcs11Uri {
        Pkcs11Uri { token: Some(token), serial, model, manufacturer }
    }
}

proptest! {
    #[test]
    fn a_written_uri_reads_back(uri in uris()) {
        prop_assert_eq!(uri.to_string().parse::<Pkcs11Uri>().unwrap(), uri);
    }

    #[test]
    fn whatever_is_read_never_panics_and_reads_back(text in "(pkcs11:)?[a-z%=;?&0-9 -]{0,40}") {
        if let Ok(uri) = text.parse::<Pkcs11Uri>() {
            prop_assert_eq!(uri.to_string().parse::<Pkcs11Uri>().unwrap(), uri);
        }
    }
}

#[test]
fn padding_is_no_part_of_a_name() {
    let uri: Pkcs11Uri = "pkcs11:token=a%20b%20;serial=12".parse().unwrap();
    assert!(uri.matches("a b                             ", "12              ", "m", "n"));
    assert!(!uri.matches("a b c", "12", "m", "n"));
    assert!(!uri.matches("a b", "123", "m", "n"));
    assert!(!uri.matches(" a b", "12", "m", "n"));
}

#[test]
fn the_scheme_is_read_in_any_case() {
    for text in ["PKCS11:token=a", "Pkcs11:token=a"] {
        assert_eq!(text.parse::<Pkcs11Uri>().unwrap().to_string(), "pkcs11:token=a");
    }
    assert!("pkcs12:token=a".parse::<Pkcs11Uri>().is_err());
}

#[test]
fn every_attribute_that_is_given_must_match() {
    let uri: Pkcs11Uri = "pkcs11:manufacturer=Maker;token=t;model=M".parse().unwrap();
    assert!(uri.matches("t", "any", "M", "Maker"));
    assert!(!uri.matches("t", "any", "M", "Other"));
    assert!(!uri.matches("t", "any", "N", "Maker"));
}

#[test]
fn a_pin_in_a_uri_is_refused_and_never_repeated() {
    for text in ["pkcs11:token=t?pin-value=98761234", "pkcs11:token=t;pin-value=98761234"] {
        let fault = text.parse::<Pkcs11Uri>().unwrap_err();
        assert!(fault.what.contains("never part of a URI"), "{fault}");
        assert!(!fault.to_string().contains("98761234"), "{fault}");
    }
}

#[test]
fn slots_objects_modules_and_broken_text_are_refused() {
    for text in [
        "pkcs11:slot-id=1;token=t",
        "pkcs11:object=k;token=t",
        "pkcs11:token=t?module-path=/x",
        "pkcs11:token=t;token=u",
        "pkcs11:token=%zz",
        "pkcs11:token=%2",
        "pkcs11:token=%ff",
        "pkcs11:token=a b",
        "pkcs11:token=",
        "pkcs11:model=m",
        "pkcs11:",
        "pkcs11:token=abcdefghijklmnopqrstuvwxyz0123456",
        "pkcs11:serial=12345678901234567",
    ] {
        assert!(text.parse::<Pkcs11Uri>().is_err(), "{text}");
    }
}
