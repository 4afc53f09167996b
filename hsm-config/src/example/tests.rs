use super::*;
use crate::Config;
use crate::schema::fields;
use std::path::Path;

#[test]
fn the_example_is_valid_and_says_what_the_sample_says() {
    let mut parsed =
        Config::parse(&example(), Path::new("/etc/kunci/kunci.toml")).unwrap_or_else(|p| panic!("{p}"));
    for (name, connector) in &mut parsed.connectors {
        assert_eq!(connector.tenants, Path::new(&format!("/etc/kunci/tenants/{name}.csv")));
        connector.tenants = format!("tenants/{name}.csv").into();
    }
    assert_eq!(parsed, sample::config());
    assert_eq!((parsed.connectors.len(), parsed.callers.len()), (7, 3));
}

#[test]
fn the_example_shows_and_explains_every_field() {
    let text = example();
    let all = [
        fields::<Agent>(),
        fields::<Ledger>(),
        fields::<Token>(),
        fields::<Connector>(),
        fields::<Caller>(),
        fields::<Admin>(),
    ];
    for field in all.iter().flatten() {
        assert!(!field.about.is_empty(), "{} has no comment", field.name);
        assert!(text.contains(&format!("\n{} = ", field.name)), "{} is not shown", field.name);
    }
}

#[test]
fn the_example_is_the_one_that_is_shown_to_people() {
    insta::assert_snapshot!(example());
}
