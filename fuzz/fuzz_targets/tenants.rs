//! A tenants file. Every row that is told is found again, by its tenant, its pair and its object id.
#![no_main]

use std::path::Path;

use hsm_config::Tenants;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(tenants) = Tenants::read(bytes, Path::new("tenants.csv")) else { return };
    assert_eq!(tenants.iter().count(), tenants.len());
    for row in tenants.iter() {
        let (tenant, client) = (row.tenant(), row.client_id());
        assert!(tenants.contains_tenant(&tenant), "{tenant:?}");
        let found = tenants.find(&tenant, &client).expect("the pair is there");
        assert_eq!(found.object_id(), row.object_id());
        if let Some(object) = row.object_id() {
            assert!(tenants.find_object(&object).is_some(), "{object:?}");
        }
    }
});
