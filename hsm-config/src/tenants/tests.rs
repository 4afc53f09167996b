use super::packed::PackedRows;
use super::read::MAX_ROWS;
use super::*;
use crate::guid;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const OBJECT: &str = "7d1f2a52-6b1d-4f0e-8a27-6f6f5f0d9a01";

fn read(text: &str) -> Result<TenantsFile, crate::Problems> {
    TenantsFile::read(text.as_bytes(), Path::new("de.csv"))
}

/// A table as the front has it: its rows lie in a file.
fn open(read: &TenantsFile) -> Tenants {
    let file = tempfile::tempfile().unwrap();
    read.write(&file).unwrap();
    Tenants::open(file).unwrap()
}

fn finds(tenants: &Tenants, tenant: &str, client_id: &str) -> bool {
    tenants.knows(tenant, client_id).unwrap() == Known::Pair
}

fn object_id(tenants: &Tenants, tenant: &str, client_id: &str) -> Option<String> {
    let mut rows = tenants.rows().map(Result::unwrap);
    let row = rows.find(|row| (row.tenant(), row.client_id()) == (tenant, client_id)).unwrap();
    row.object_id().map(str::to_owned)
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

/// The same GUID in two cases is one row.
fn rows() -> impl Strategy<Value = BTreeMap<(String, String), String>> {
    let object = prop_oneof![Just(String::new()), guids()];
    let rows = proptest::collection::btree_map((tenant(), client()), object, 2..40);
    let canonical = |text: &String| guid::canonical(text);
    rows.prop_map(move |rows| {
        rows.iter().map(|((t, c), o)| ((canonical(t), canonical(c)), canonical(o))).collect()
    })
}

proptest! {
    #[test]
    fn all_that_is_put_in_is_found_and_nothing_else(
        rows in rows(),
        others in proptest::collection::vec((tenant(), client()), 0..40),
    ) {
        let canonical = |text: &str| guid::canonical(text);
        let tenants = open(&read(&table(&rows)).unwrap());
        prop_assert_eq!(tenants.len(), rows.len());
        for ((tenant, client), object) in &rows {
            prop_assert!(finds(&tenants, tenant, client));
            prop_assert_eq!(object_id(&tenants, tenant, client).unwrap_or_default(), object.clone());
        }
        let others = others.into_iter().map(|(tenant, client)| (canonical(&tenant), canonical(&client)));
        let crossed = rows.keys().zip(rows.keys().skip(1)).map(|((tenant, _), (_, client))| (tenant.clone(), client.clone()));
        let of_any: BTreeSet<_> = rows.keys().map(|(tenant, _)| tenant.clone()).collect();
        for (tenant, client) in others.chain(crossed) {
            let known = match rows.contains_key(&(tenant.clone(), client.clone())) {
                true => Known::Pair,
                false if of_any.contains(&tenant) => Known::Tenant,
                false => Known::Nothing,
            };
            prop_assert_eq!(tenants.knows(&tenant, &client).unwrap(), known);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(tenant,client_id,object_id\n)?[a-c,;\"#\r\n. ]{0,60}") {
        let _ = read(&text);
    }
}

#[test]
fn an_application_is_found_by_its_object_id_and_never_by_none() {
    let guid = "0a1b2c3d-0000-4000-8000-ABCDEFABCDEF";
    let tenants = open(&read(&format!("tenant,client_id,object_id\na,app,\nb,app,{guid}\n")).unwrap());
    let find = |object_id: &str| tenants.find_object(object_id).unwrap();
    assert_eq!(find(&guid.to_lowercase()).unwrap().tenant(), "b");
    assert!(find("").is_none());
    assert!(find("app").is_none());
}

#[test]
fn guids_are_found_in_either_case_and_names_only_as_written() {
    let guid = "0a1b2c3d-0000-4000-8000-ABCDEFABCDEF";
    let tenants =
        open(&read(&format!("tenant,client_id,object_id\n{guid},app,\nContoso.example,app,\n")).unwrap());
    let finds = |tenant: &str, client_id| finds(&tenants, tenant, client_id);
    assert!(finds(&guid.to_lowercase(), "app"));
    assert!(finds(&guid.to_uppercase(), "app"));
    assert!(finds("Contoso.example", "app"));
    assert!(!finds("contoso.example", "app"));
    assert!(!finds("Contoso.example", "ap"));
    assert!(!finds("Contoso.exampl", "eapp"));
    assert!(!finds("", ""));
}

#[test]
fn a_hundred_thousand_rows_of_guids_take_52_bytes_each_wherever_they_lie_and_3_of_the_process_that_asks() {
    const ROWS: u128 = 100_000;
    let id = |n: u128| guid::text(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes());
    let line = |n| format!("{},{},{}\n", id(n), id(n + ROWS), id(n + 2 * ROWS));
    let read = read(&("tenant,client_id,object_id\n".to_owned() + &(1..=ROWS).map(line).collect::<String>()));
    let read = read.unwrap();
    let tenants = open(&read);
    assert_eq!(tenants.len(), ROWS as usize);
    assert!(read.size() <= 52 * ROWS as usize, "{}", read.size());
    assert!(tenants.memory() <= 3 * ROWS as usize, "{}", tenants.memory());
    let held = read.table().unwrap();
    assert_eq!(held.memory(), read.size() + tenants.memory());
}

proptest! {
    #[test]
    fn rows_that_are_cut_or_out_of_order_are_refused_and_no_bytes_make_a_table_panic(
        rows in rows(),
        cut: proptest::sample::Index,
        any in proptest::collection::vec(any::<u8>(), 0..5000),
    ) {
        let mut whole = Vec::new();
        read(&table(&rows)).unwrap().write(&mut whole).unwrap();
        let packed: Vec<_> = PackedRows::of(&whole).collect();
        let swapped: Vec<u8> = packed.iter().rev().flat_map(|row| [row.key, row.object_id].concat()).collect();
        let twice = [packed[0].key, packed[0].object_id].concat().repeat(2);
        prop_assert_eq!(Tenants::hold(swapped).is_ok(), rows.len() == 1);
        prop_assert!(Tenants::hold(twice).is_err());
        let mut ends = packed.iter().scan(0, |end, row| { *end += row.size(); Some(*end) });
        let cut = cut.index(whole.len());
        prop_assert_eq!(Tenants::hold(whole[..cut].to_vec()).is_ok(), cut == 0 || ends.any(|end| end == cut));
        if let Ok(tenants) = Tenants::hold(any) {
            prop_assert_eq!(tenants.rows().count(), tenants.len());
        }
    }
}

#[test]
fn a_file_that_got_shorter_is_an_error_and_not_a_no() {
    let file = tempfile::tempfile().unwrap();
    read("tenant,client_id,object_id\na,b,\n").unwrap().write(&file).unwrap();
    let tenants = Tenants::open(file.try_clone().unwrap()).unwrap();
    file.set_len(0).unwrap();
    assert!(tenants.knows("a", "b").is_err());
    assert!(tenants.find_object("c").is_err());
    assert!(tenants.rows().any(|row| row.is_err()));
}

#[test]
fn marks_blank_lines_comments_quotes_and_line_ends_of_spreadsheets_are_tolerated() {
    let text = format!(
        "\u{feff}# ours\r\n\r\n\"Tenant\",\"CLIENT_ID \",\"object_id\",,\r\n\"a\", \" b \",\r\n  # c\r\nd,e\u{a0},{OBJECT},\"\", "
    );
    for text in [text.clone(), text.replace("\r\n", "\r"), text.replace("\r\n", "\n")] {
        let tenants = open(&read(&text).unwrap());
        assert_eq!(object_id(&tenants, "a", "b"), None);
        assert_eq!(object_id(&tenants, "d", "e").as_deref(), Some(OBJECT));
        assert_eq!(tenants.len(), 2);
    }
}

/// Buffers of every size: a carriage return may be the last byte of one, and its line feed the first of the next.
#[test]
fn lines_are_counted_alike_whatever_ends_them() {
    let rows = "tenant,client_id,object_id\n# ours\n\na,b,\na b,c,\n";
    for (end, size) in ["\n", "\r\n", "\r"].into_iter().flat_map(|end| (1..80).map(move |size| (end, size))) {
        let text = rows.replace('\n', end);
        let reader = std::io::BufReader::with_capacity(size, text.as_bytes());
        let problems = super::read::read(reader, Path::new("de.csv"), 0).unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [5], "{end:?} in buffers of {size}");
    }
}

#[test]
fn one_cause_is_one_problem_on_however_many_lines_it_stands() {
    let told = |text: &str| {
        let problems = read(text).unwrap_err();
        problems.iter().map(|problem| (problem.line, problem.what.clone())).collect::<Vec<_>>()
    };
    let rows = |separator: &str| {
        let row = ["a", "b", ""].join(separator) + "\n";
        format!("{}\n{}", ["tenant", "client_id", "object_id"].join(separator), row.repeat(100))
    };
    assert_eq!(told(&rows(";")), [(1, "the fields are parted by semicolons".to_owned())]);
    assert_eq!(told(&rows("\t")), [(1, "the fields are parted by tabs".to_owned())]);
    let header = "tenant,client_id,object_id\n";
    assert_eq!(told(&format!("{}{}", "Kunde,App,Objekt\n", "x\n".repeat(100))).len(), 1);
    let short = told(&format!("{header}{}", "a,b\n".repeat(100)));
    assert_eq!(
        short,
        [(2, "the line should have 3 fields, and has 2, and so it is on 99 lines more".to_owned())]
    );
    let object = told(&format!("{header}a,b,x\nc,d,x\ne,f,{OBJECT}\n"));
    assert_eq!(object, [(2, "\"x\" is not an object id, and so it is on one line more".to_owned())]);
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
