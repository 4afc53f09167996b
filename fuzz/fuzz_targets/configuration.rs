//! The configuration's text. Whatever is accepted survives the way to the front, as JSON, unchanged; whatever is refused has
//! a place and a remedy.
#![no_main]

use std::path::Path;

use hsm_config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Config::parse(text, Path::new("/etc/kunci/kunci.toml")) {
        Ok(config) => {
            let json = serde_json::to_vec(&config).expect("a configuration is JSON");
            assert!(serde_json::from_slice::<Config>(&json).expect("and comes back") == config);
        }
        Err(problems) => {
            assert!(problems.iter().all(|problem| !problem.what.is_empty() && !problem.help.is_empty()));
        }
    }
});
