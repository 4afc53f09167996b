use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn read(text: &str) -> Result<Tenants, crate::Problems> {
    Tenants::read(text.as_bytes(), Path::new("de.csv"))
}

fn table(rows: &BTreeMap<(String, String), String>) -> String {
    let lines = rows.iter().map(|((tenant, client), object)| format!("{tenant},{client},{object}\n"));
    format!("tenant,client_id,object_id\n{}", lines.collect::<String>())
}

prop_compose! {
    fn guids()(first in 0_u8..3, third in 0_u8..3, upper: bool) -> String {
        let text = guid::text(&[first, 0xab, third, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        if upper { text.to_uppercase() } else { text }
    }
}

fn tenant() -> impl Strategy<Value = String> {
    prop_oneof![guids(), "[a-cA-C]{1,3}", "[a-z0-9]{250,253}"]
}

fn client() -> impl Strategy<Value = String> {
    prop_oneof![guids(), "[a-c]{1,2}", "api://[a-c]/[a-z]{0,100}"]
}

proptest! {
    #[test]
    fn all_that_is_put_in_is_found_and_nothing_else(
        rows in proptest::collection::btree_map((tenant(), client()), prop_oneof![Just(String::new()), guids()], 0..40),
        others in proptest::collection::vec((tenant(), client()), 0..40),
    ) {
        // The same GUID in two cases is one row.
        let canonical = |text: &str| guid::canonical(text);
        let rows: BTreeMap<_, _> =
            rows.into_iter().map(|((t, c), o)| ((canonical(&t), canonical(&c)), canonical(&o))).collect();
        let tenants = read(&table(&rows)).unwrap();
        prop_assert_eq!(tenants.len(), rows.len());
        for ((tenant, client), object) in &rows {
            let row = tenants.find(tenant, client).unwrap();
            prop_assert_eq!(&row.tenant(), tenant);
            prop_assert_eq!(&row.client_id(), client);
            prop_assert_eq!(row.object_id().unwrap_or_default(), object.clone());
            prop_assert!(tenants.contains_tenant(tenant));
        }
        for (tenant, client) in others {
            let (tenant, client) = (canonical(&tenant), canonical(&client));
            let known = rows.contains_key(&(tenant.clone(), client.clone()));
            prop_assert_eq!(tenants.find(&tenant, &client).is_some(), known);
            prop_assert_eq!(tenants.contains_tenant(&tenant), rows.keys().any(|(t, _)| *t == tenant));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(tenant,client_id,object_id\n)?[a-c,\"#\r\n. ]{0,60}") {
        let _ = read(&text);
    }
}

#[test]
fn an_application_is_found_by_its_object_id_and_never_by_none() {
    let guid = "0a1b2c3d-0000-4000-8000-ABCDEFABCDEF";
    let tenants = read(&format!("tenant,client_id,object_id\na,app,\nb,app,{guid}\n")).unwrap();
    assert_eq!(tenants.find_object(&guid.to_lowercase()).unwrap().tenant(), "b");
    assert!(tenants.find_object("").is_none());
    assert!(tenants.find_object("app").is_none());
}

#[test]
fn guids_are_found_in_either_case_and_names_only_as_written() {
    let guid = "0a1b2c3d-0000-4000-8000-ABCDEFABCDEF";
    let tenants = read(&format!("tenant,client_id,object_id\n{guid},app,\nContoso.example,app,x\n")).unwrap();
    assert!(tenants.find(&guid.to_lowercase(), "app").is_some());
    assert!(tenants.find(&guid.to_uppercase(), "app").is_some());
    assert!(tenants.find("Contoso.example", "app").is_some());
    assert!(tenants.find("contoso.example", "app").is_none());
    assert!(tenants.find("Contoso.example", "ap").is_none());
    assert!(tenants.find("Contoso.exampl", "eapp").is_none());
    assert!(tenants.find("", "").is_none());
}

#[test]
fn a_thousand_rows_of_guids_take_at_most_60_bytes_each() {
    let id = |n: u128| guid::text(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes());
    let rows = (1..=1000_u128).map(|n| ((id(n), id(n + 5000)), id(n + 9000))).collect();
    let tenants = read(&table(&rows)).unwrap();
    assert!(tenants.memory() <= 60 * 1000, "{}", tenants.memory());
    assert_eq!(tenants.iter().count(), 1000);
}

#[test]
fn marks_blank_lines_comments_quotes_and_line_ends_of_spreadsheets_are_tolerated() {
    let text =
        "\u{feff}# ours\r\n\r\n\"tenant\",\"client_id\",\"object_id\"\r\n\"a\", \"b\",\r\n  # c\r\nd,e,f";
    let tenants = read(text).unwrap();
    assert_eq!(tenants.find("a", "b").unwrap().object_id(), None);
    assert_eq!(tenants.find("d", "e").unwrap().object_id().as_deref(), Some("f"));
    assert_eq!(tenants.len(), 2);
}

#[test]
fn one_row_more_than_a_million_is_refused() {
    let rows = |count: usize| {
        let lines = (0..count).map(|n| format!("t,{n},\n")).collect::<String>();
        read(&format!("tenant,client_id,object_id\n{lines}"))
    };
    assert_eq!(rows(MAX_ROWS).unwrap().len(), MAX_ROWS);
    let problems = rows(MAX_ROWS + 1).unwrap_err();
    let first = problems.iter().next().unwrap();
    assert_eq!((first.code, first.line), ("too-many-rows", 1_000_002));
}
