//! A JSON object of a caller's or an admin's, parsed.
//!
//! serde takes an array where it is asked for a struct, and lets its members count by their place; whoever reads such a request
//! cannot tell what it asks for. A member that is given twice, one that nobody knows, and bytes behind the object are serde's
//! to refuse.

use serde::de::{DeserializeOwned, Error};

/// Parses text that is one object and nothing else.
pub fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(serde_json::Error::custom("an array is no object: name each member"));
    }
    serde_json::from_slice(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        #[allow(dead_code)]
        one: String,
        two: Option<String>,
    }

    #[test]
    fn an_object_is_taken_and_nothing_else() {
        assert_eq!(parse::<Pair>(br#" {"one":"1","two":"2"} "#).unwrap().two.unwrap(), "2");
        let refused: [&[u8]; 8] = [
            br#"["1","2"]"#,
            b" \t\r\n[\"1\",null]",
            br#"["1"]"#,
            b"[]",
            b"null",
            br#""1""#,
            br#"{"one":"1","one":"1"}"#,
            br#"{"one":"1"}{"one":"1"}"#,
        ];
        for text in refused {
            assert!(parse::<Pair>(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }
}
