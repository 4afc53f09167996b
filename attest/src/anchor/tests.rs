use super::*;
use crate::samples;

#[test]
fn every_compiled_in_certificate_is_the_pinned_one() {
    assert_eq!(anchors().len(), table::PINS.len(), "bytes that are not the pinned ones are no anchor");
    for anchor in anchors() {
        let Some(certificate) = &anchor.certificate else { continue };
        assert_eq!(certificate.sha256(), anchor.sha256);
        assert_eq!(certificate.name(), anchor.name);
    }
}

#[test]
fn the_compiled_in_bytes_are_those_of_the_crate_that_they_are_from() {
    let pinned: Vec<Sha256> =
        anchors().iter().filter(|anchor| anchor.is_held()).map(Anchor::sha256).collect();
    let published: Vec<Sha256> = samples::ROOTS
        .iter()
        .map(|name| decode(&String::from_utf8(samples::read(name)).unwrap()).unwrap().sha256())
        .collect();
    assert_eq!(pinned, published);
}

#[test]
fn bytes_that_are_not_the_pinned_ones_are_no_anchor() {
    let pin = table::Pin { sha256: [7; 32], ..table::PINS[0] };
    assert!(Anchor::pinned(&pin).is_none());
}

#[test]
fn an_anchor_that_is_pinned_by_digest_alone_is_found_in_the_evidence() {
    let held = anchors()[0].certificate.clone().unwrap();
    let by_digest = Anchor { certificate: None, ..Anchor::of(held.clone()) };
    assert!(by_digest.certificate(&[]).is_none());
    assert_eq!(by_digest.certificate(std::slice::from_ref(&held)).unwrap().der(), held.der());
}

#[test]
fn an_intermediate_that_is_known_ends_no_path() {
    let intermediate = anchors().iter().find(|anchor| anchor.role() == Role::Intermediate).unwrap();
    assert!(!intermediate.vouches_for(Kind::Yubihsm2));
}

#[test]
fn an_owners_root_proves_nothing() {
    let owner = anchors().iter().find(|anchor| anchor.role() == Role::Owner).unwrap();
    assert!(owner.kinds().contains(&Kind::LiquidSecurity) && !owner.vouches_for(Kind::LiquidSecurity));
}
