use super::*;

fn full() -> Entry {
    Entry::new(Kind::Intent)
        .connector("de")
        .key("0a0b")
        .token("frankfurt")
        .caller(Caller { uid: 1001, unit: Some("iep.service".into()) })
        .tenant("contoso.example")
        .client_id("11111111-2222-3333-4444-555555555555")
        .aud("https://login.example/contoso.example/oauth2/v2.0/token")
        .jti("j")
        .exp(1_700_000_300)
        .digest("ff")
        .reason("r")
        .message("assertion")
        .object_id("o")
}

#[test]
fn the_fields_stand_in_the_order_that_the_design_names() {
    let mut entry = full();
    entry.time = Some("2026-01-02T03:04:05.000006Z".parse().unwrap());
    assert_eq!(
        serde_json::to_string(&entry).unwrap(),
        r#"{"v":1,"time":"2026-01-02T03:04:05.000006Z","kind":"intent","connector":"de","key":"0a0b","token":"frankfurt","caller":{"uid":1001,"unit":"iep.service"},"tenant":"contoso.example","client_id":"11111111-2222-3333-4444-555555555555","aud":"https://login.example/contoso.example/oauth2/v2.0/token","jti":"j","exp":1700000300,"digest":"ff","reason":"r","message":"assertion","object_id":"o"}"#
    );
}

#[test]
fn a_time_on_the_whole_second_still_has_six_digits() {
    let mut entry = Entry::new(Kind::Probe);
    entry.time = Some("2026-01-02T03:04:05Z".parse().unwrap());
    let text = serde_json::to_string(&entry).unwrap();
    assert!(text.contains("03:04:05.000000Z"), "{text}");
}

#[test]
fn what_is_written_is_read_back() {
    let mut entry = full().voids(7).count(3);
    entry.time = Some("2026-01-02T03:04:05.000006Z".parse().unwrap());
    assert_eq!(Entry::parse(&serde_json::to_vec(&entry).unwrap()).unwrap(), entry);
}

#[test]
fn a_public_field_set_past_the_setter_is_cut_when_written() {
    let mut entry = Entry::new(Kind::Refusal);
    entry.tenant = Some("t".repeat(5000));
    entry.caller = Some(Caller { uid: 1, unit: Some("u".repeat(5000)) });
    let read = Entry::parse(&serde_json::to_vec(&entry).unwrap()).unwrap();
    assert_eq!(read.tenant.unwrap().len(), text::MAX_TEXT_BYTES);
    assert_eq!(read.caller.unwrap().unit.unwrap().len(), text::MAX_TEXT_BYTES);
}

#[test]
fn unknown_fields_are_tolerated_and_unknown_versions_and_kinds_are_not() {
    assert!(Entry::parse(br#"{"v":1,"kind":"void","later":{"x":[1]}}"#).is_ok());
    assert_eq!(Entry::parse(br#"{"v":2,"kind":"void"}"#), Err(BadEntry::Version(2)));
    assert!(Entry::parse(br#"{"v":1,"kind":"release"}"#).is_err());
    assert!(Entry::parse(br#"[1]"#).is_err());
    assert!(Entry::parse(br#"{"v":1,"kind":"void"} "#).is_ok());
}

/// Other readers of the log, which look for members by their names, find none in it.
#[test]
fn an_array_of_the_same_values_is_no_entry() {
    let entry: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&Entry::new(Kind::Probe)).unwrap()).unwrap();
    let nulls = std::iter::repeat_n(serde_json::Value::Null, 19);
    let values: Vec<_> = [entry["v"].clone(), serde_json::Value::Null, entry["kind"].clone()]
        .into_iter()
        .chain(nulls)
        .collect();
    let array = serde_json::to_vec(&values).unwrap();
    assert!(matches!(Entry::parse(&array), Err(BadEntry::Json(_))));
}
