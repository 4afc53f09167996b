//! A tenants file. Every row that is told is found again, by its tenant, its pair and its object id, and what is written
//! down of a file makes a table. Bytes that no file wrote are refused, or make a table with as many rows as it says.
#![no_main]

use std::path::Path;

use hsm_config::{Known, Tenants, TenantsFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tenants) = Tenants::hold(bytes.to_vec()) {
        assert_eq!(tenants.rows().count(), tenants.len());
    }
    let Ok(file) = TenantsFile::read(bytes, Path::new("tenants.csv")) else { return };
    let tenants = file.table().expect("what a file wrote is sound");
    assert_eq!(tenants.len(), file.len());
    every_row_is_found(&tenants);
});

fn every_row_is_found(tenants: &Tenants) {
    assert_eq!(tenants.rows().count(), tenants.len());
    for row in tenants.rows().map(|row| row.expect("memory can be read")) {
        let (tenant, client) = (row.tenant(), row.client_id());
        let knows = |client| tenants.knows(tenant, client).expect("memory can be read");
        assert_eq!(knows(client), Known::Pair, "{row:?}");
        assert_ne!(knows(""), Known::Nothing, "{row:?}");
        if let Some(object) = row.object_id() {
            assert!(tenants.find_object(object).expect("memory can be read").is_some(), "{row:?}");
        }
    }
}
