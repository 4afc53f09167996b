use super::*;

#[test]
fn every_compiled_in_certificate_is_the_pinned_one() {
    assert_eq!(anchors().len(), table::PINS.len(), "bytes that are not the pinned ones are no anchor");
    for anchor in anchors() {
        let Some(certificate) = &anchor.certificate else { continue };
        assert_eq!(certificate.sha256(), anchor.sha256);
        assert_eq!(certificate.name(), anchor.name);
    }
}
