//! Each export as it is written, and files that are no export at all.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const GRAPH: &str = r#"{"id":"r-1","createdDateTime":"2026-11-30T14:00:05Z","appId":"2F0C1A52-6B1D-4F0E-8A27-6F6F5F0D9A01",
 "resourceTenantId":"6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a01","resourceId":"00000003-0000-0000-c000-000000000000","resourceDisplayName":"Graph",
 "servicePrincipalCredentialKeyId":"11112222-3333-4444-5555-666677778888","servicePrincipalCredentialThumbprint":"A1B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6A1B2",
 "clientCredentialType":"certificate","ipAddress":"203.0.113.7","uniqueTokenIdentifier":"u-1","status":{"errorCode":0,"failureReason":"Other."},
 "signInEventTypes":["servicePrincipal"],"location":{"city":"Bonn","geoCoordinates":{"latitude":50.7}},"conditionalAccessPolicies":[{"id":"x"}]}"#;

const LOG_ANALYTICS: &str = r#"[{"TableName":"PrimaryResult","TenantId":"99999999-0000-4f0e-8a27-6f6f5f0d9a01","TimeGenerated":"2026-11-30T14:00:05Z",
 "Id":"r-1","AppId":"2F0C1A52-6B1D-4F0E-8A27-6F6F5F0D9A01","ResourceIdentity":"00000003-0000-0000-c000-000000000000","ResultType":"0",
 "ServicePrincipalCredentialKeyId":"11112222-3333-4444-5555-666677778888","ServicePrincipalCredentialThumbprint":"a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2",
 "IPAddress":"203.0.113.7","UniqueTokenIdentifier":"u-1","Category":"ServicePrincipalSignInLogs"}]"#;

const RECORD: &str = r#"{"time":"2026-11-30T14:09:00Z","resourceId":"/tenants/x/providers/Microsoft.aadiam","category":"ServicePrincipalSignInLogs",
 "tenantId":"6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a01","resultType":"0","callerIpAddress":"203.0.113.7","properties":{"id":"r-1","createdDateTime":"2026-11-30T14:00:05+00:00",
 "appId":"2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01","ipAddress":"203.0.113.7","status":{"errorCode":0},"resourceId":"00000003-0000-0000-c000-000000000000",
 "clientCredentialType":"certificate","servicePrincipalCredentialKeyId":"11112222-3333-4444-5555-666677778888","servicePrincipalCredentialThumbprint":"A1B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6A1B2","uniqueTokenIdentifier":"u-1"}}"#;

const CSV: &str = "\u{feff}\"TimeGenerated [UTC]\",AppId,IPAddress,ResultType,ServicePrincipalCredentialThumbprint,ServicePrincipalCredentialKeyId,ResourceIdentity,Id,UniqueTokenIdentifier\r\n\"11/30/2026, 2:00:05.000 PM\",2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01,203.0.113.7,0,a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2,11112222-3333-4444-5555-666677778888,00000003-0000-0000-c000-000000000000,r-1,u-1\r\n";

/// A sign-in as text, but for what not every export tells.
fn told(bytes: &[u8]) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    read(bytes, |_, row| {
        let SignIn { from, client_id, thumbprint, key_id, address, error, resource, id, token, .. } = row;
        let client_id = client_id.to_ascii_lowercase();
        found.push(format!(
            "{from} {client_id} {thumbprint:?} {key_id:?} {address:?} {error} {resource:?} {id:?} {token:?}"
        ));
        Ok(())
    })?;
    Ok(found)
}

fn tenants(bytes: &[u8]) -> Vec<Option<String>> {
    let mut found = Vec::new();
    read(bytes, |_, row| {
        found.push(row.tenant.map(str::to_owned));
        Ok(())
    })
    .unwrap();
    found
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn fault(bytes: &[u8]) -> String {
    told(bytes).unwrap_err().to_string()
}

#[test]
fn one_sign_in_is_the_same_in_every_export() {
    let one = told(GRAPH.as_bytes()).unwrap();
    assert_eq!(one.len(), 1);
    assert!(
        one[0].starts_with("2026-11-30T14:00:05Z 2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01 Some(Sha1([161"),
        "{one:?}"
    );
    let page = format!(
        r#"{{"@odata.context":"https://graph/$metadata","value":[{GRAPH},{GRAPH}],"@odata.nextLink":"x"}}"#
    );
    let table = r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"AppId","type":"string"},{"name":"IPAddress"},{"name":"ResultType"},{"name":"ServicePrincipalCredentialThumbprint"},{"name":"ServicePrincipalCredentialKeyId"},{"name":"ResourceIdentity"},{"name":"Id"},{"name":"UniqueTokenIdentifier"},{"name":"LocationDetails"}],"rows":[["2026-11-30T14:00:05Z","2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01","203.0.113.7","0","A1B2C3D4E5F6A1B2C3D4E5F6A1B2C3D4E5F6A1B2","11112222-3333-4444-5555-666677778888","00000003-0000-0000-c000-000000000000","r-1","u-1",null]]}]}"#;
    for (text, count) in [
        (LOG_ANALYTICS.to_owned(), 1),
        (RECORD.to_owned(), 1),
        (format!(r#"{{"records":[{RECORD}]}}"#), 1),
        (format!("{RECORD}\n{RECORD}\r\n{GRAPH}"), 3),
        (page.clone(), 2),
        (format!("{page}\n{page}"), 4),
        (format!("[{page},{GRAPH}]"), 3),
        (table.to_owned(), 1),
        (CSV.to_owned(), 1),
        (CSV.replace("2:00:05.000 PM", "2:00:05 PM").replace(',', ";").replace("2026; ", "2026, "), 1),
    ] {
        assert_eq!(told(text.as_bytes()).unwrap(), vec![one[0].clone(); count], "{text}");
        assert_eq!(told(&gzip(text.as_bytes())).unwrap().len(), count, "gzip of {text}");
    }
    let members = [gzip(RECORD.as_bytes()), gzip(RECORD.as_bytes())].concat();
    assert_eq!(told(&members).unwrap().len(), 2, "gzip of several members");
}

/// Log Analytics' TenantId is the workspace: taken for the customer's, every row would be a stranger's.
#[test]
fn the_tenant_is_the_customers_and_never_a_workspace() {
    let customer = Some("6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a01".to_owned());
    assert_eq!(tenants(GRAPH.as_bytes()), std::slice::from_ref(&customer));
    assert_eq!(tenants(RECORD.as_bytes()), std::slice::from_ref(&customer));
    assert_eq!(tenants(LOG_ANALYTICS.as_bytes()), [None]);
    let aad =
        LOG_ANALYTICS.replace(r#""Id""#, r#""AADTenantId":"6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a01","Id""#);
    assert_eq!(tenants(aad.as_bytes()), [customer]);
}

#[test]
fn a_row_that_sums_up_says_how_many_and_from_when_to_when() {
    let summary = r#"{"id":"s","signInCount":12,"aggregationDateTime":"2026-11-30T00:00:00Z","firstSignInDateTime":"2026-11-30T08:00:00Z","appId":"a","ipAddress":"203.0.113.7","tenantId":"t","status":{"errorCode":0}}"#;
    let portal = "Date (UTC),Application ID,IP address,Status,# sign-ins\n2026-11-30T08:00:00Z,a,203.0.113.7,Success,7\n";
    let mut found = Vec::new();
    for text in [summary, portal] {
        read(text.as_bytes(), |_, row| {
            found.push((
                row.summed,
                row.from.to_string(),
                row.until.to_string(),
                row.error,
                row.tenant.is_some(),
            ));
            Ok(())
        })
        .unwrap();
    }
    let at = |text: &str| text.to_owned();
    assert_eq!(found[0], (Some(12), at("2026-11-30T08:00:00Z"), at("2026-12-01T08:00:00Z"), 0, true));
    assert_eq!(found[1], (Some(7), at("2026-11-29T08:00:00Z"), at("2026-12-01T08:00:00Z"), 0, false));
}

#[test]
fn sign_ins_of_users_are_passed_over() {
    let users = GRAPH.replace(r#"["servicePrincipal"]"#, r#"["interactiveUser"]"#);
    assert!(told(users.as_bytes()).unwrap().is_empty());
    let users = RECORD.replace("ServicePrincipalSignInLogs", "SignInLogs");
    assert!(told(users.as_bytes()).unwrap().is_empty());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let bad = |from: &str, to: &str| fault(format!("{RECORD}\n{}", RECORD.replace(from, to)).as_bytes());
    for (from, to, said) in [
        ("203.0.113.7", "203.0.113.777", r#""203.0.113.777" is no address"#),
        ("A1B2", "A1B", "neither SHA-1 nor SHA-256"),
        ("1111222", "x", "is no GUID"),
        (r#""appId""#, r#""app""#, "no application (appId)"),
        ("2026-11-30T14:00:05+00:00", "noon", r#""noon" is no time"#),
        ("}}", "}", "the file ends within"),
    ] {
        let fault = bad(from, to);
        assert!(fault.starts_with("5: ") && fault.contains(said), "{fault}");
    }
    for (text, said) in [
        ("", "1: the file is empty"),
        ("\n \n", "1: the file is empty"),
        ("[1]", "1: an element of the list is no sign-in"),
        ("{}\n7", "1: no time of sign-in"),
        (r#"{"error":{"code":"Forbidden"}}"#, "1: no time of sign-in"),
        ("{\"a\"\n1}", "2: a name in an object has no value"),
        ("{7:1}", "1: here should stand a name"),
        ("User,Date (UTC)\nx,y\n", r#"1: the header, which begins with "User","#),
        ("AppId,Date,Status\na,2026-11-30,Success\na,b\n", "3: the row has 2 columns, and the header 3"),
        (r#"{"tables":[{"rows":[["a"]]}]}"#, "1: a table's rows stand before"),
        (
            r#"{"tables":[{"columns":[{"name":"AppId"},{"name":"time"}],"rows":[["a","b","c"]]}]}"#,
            "a cell without",
        ),
    ] {
        let fault = fault(text.as_bytes());
        assert!(fault.starts_with(said) || fault.contains(said), "{text}: {fault}");
    }
    let latin = [RECORD.as_bytes(), b"\n{\"a\":\"\xe9\"}"].concat();
    assert_eq!(fault(&latin), "5: the row is not UTF-8");
    assert!(fault(b"\xff\xfe{\0").contains("iconv -f UTF-16"), "as PowerShell writes it");
    assert!(fault(&gzip(RECORD.as_bytes())[..60]).contains("cannot be read on"), "a cut gzip");
}

/// A file that begins so and goes on with a hundred million bytes which nobody holds.
fn huge<'b>(begin: &'b [u8], byte: u8) -> impl Read + 'b {
    begin.chain(std::io::repeat(byte).take(100_000_000))
}

fn fault_of(source: impl Read) -> String {
    read(source, |_, _| Ok(())).unwrap_err().to_string()
}

#[test]
fn a_row_that_never_ends_is_refused_once_it_is_longer_than_rows_are() {
    for begin in [&b"["[..], b"", b"{\"value\":["] {
        let begin = [begin, b"{\"appId\":\""].concat();
        assert_eq!(
            fault_of(huge(&begin, b'x')),
            "1: what begins here is longer than 1 MiB, as no sign-in is"
        );
    }
    let header = b"AppId,TimeGenerated,ResultType\n\"a";
    assert_eq!(fault_of(huge(header, b'x')), "2: what begins here is longer than 1 MiB, as no sign-in is");
    assert_eq!(fault_of(huge(b"x", b'x')), "1: what begins here is longer than 1 MiB, as no sign-in is");
    assert_eq!(fault_of(huge(b"[", b'7')), "1: an element of the list is no sign-in");
}

#[test]
fn a_table_of_ten_million_columns_and_json_a_hundred_million_deep_are_refused() {
    assert_eq!(fault_of(huge(b"", b',')), "1: the row has more than 1024 columns, as no sign-in has");
    let many = format!("AppId,Time,Status\n{}\n", ",".repeat(MAX_COLUMNS));
    assert_eq!(fault(many.as_bytes()), "2: the row has more than 1024 columns, as no sign-in has");
    for begin in [&b"{\"a\":"[..], b"[{\"a\":"] {
        assert_eq!(fault_of(huge(begin, b'[')), "1: JSON is nested more than 64 deep, as no sign-in is");
    }
    assert_eq!(fault_of(huge(b"", b'[')), "1: an element of the list is no sign-in");
}

#[test]
fn what_unpacks_to_far_more_than_its_size_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"[").unwrap();
    std::io::copy(&mut std::io::repeat(b' ').take(80 << 20), &mut encoder).unwrap();
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20, "it is one");
    let fault = fault(&bomb);
    assert!(fault.ends_with("it unpacks to more than 200 times its size, as no sign-in log does"), "{fault}");
}
