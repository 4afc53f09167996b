//! A commented example of the configuration, made from the types: their comments explain the fields, and their
//! own serialisation writes the values. So the example cannot lag behind what is accepted.

use crate::schema;
use crate::{Admin, Agent, Caller, Connector, Ledger, Token};
use schemars::JsonSchema;
use serde::Serialize;
use toml::de::DeTable;
use toml::ser::ValueSerializer;

mod sample;
#[cfg(test)]
mod tests;

/// The widest comment, in characters.
const WIDTH: usize = 100;
/// How TOML writes a list of nothing.
const EMPTY: &str = "[]";
const TITLE: &str = "Kunci's configuration, by default /etc/kunci/kunci.toml. Only root and the agent's user may be \
    able to write it and the tenants files. `kunci config check` tells what is wrong with it.";

/// An example configuration: seven regions on two tokens and a YubiKey, three callers, two kinds of admin.
pub fn example() -> String {
    let sample = sample::config();
    let mut page = Page(String::new());
    page.comment(TITLE);
    page.section::<Agent>("agent", &sample.agent);
    page.section::<Ledger>("ledger", &sample.ledger);
    page.entries::<Token>("tokens", &sample.tokens);
    page.entries::<Connector>("connectors", &sample.connectors);
    page.entries::<Caller>("callers", &sample.callers);
    page.entries::<Admin>("admins", &sample.admins);
    page.0
}

/// The text so far.
struct Page(String);

impl Page {
    fn section<T: Serialize + JsonSchema>(&mut self, header: &str, value: &T) {
        self.0.push('\n');
        self.comment(&schema::about::<T>());
        self.table(header, value, &schema::fields::<T>());
    }

    /// A section's entries; each field is explained where it comes first.
    fn entries<T: Serialize + JsonSchema>(
        &mut self,
        section: &str,
        entries: &std::collections::BTreeMap<crate::Name, T>,
    ) {
        let mut fields = schema::fields::<T>();
        for (index, (name, value)) in entries.iter().enumerate() {
            self.0.push('\n');
            if index == 0 {
                self.comment(&schema::about::<T>());
            }
            self.table(&format!("{section}.{name}"), value, &fields);
            let shown = written(value);
            fields.retain(|field| !shown.iter().any(|(name, _)| *name == field.name));
        }
    }

    fn table<T: Serialize>(&mut self, header: &str, value: &T, fields: &[schema::Field]) {
        self.line(&format!("[{header}]"));
        for (name, value) in written(value) {
            // Shown once, where it is explained.
            if fields.is_empty() && value == EMPTY {
                continue;
            }
            if let Some(field) = fields.iter().find(|field| field.name == name) {
                self.comment(&field.about);
            }
            self.line(&format!("{name} = {value}"));
        }
    }

    fn comment(&mut self, text: &str) {
        let mut line = String::from("#");
        for word in text.split_whitespace() {
            if line.len() + 1 + word.len() > WIDTH {
                self.line(&line);
                line = String::from("#");
            }
            line = format!("{line} {word}");
        }
        self.line(&line);
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }
}

/// A struct's fields in its own order, each as TOML writes it. The order is that of the text, because TOML's tables
/// sort their keys.
fn written(value: &impl Serialize) -> Vec<(String, String)> {
    let mut text = String::new();
    // The sample is our own, and a test shows that all of it can be written.
    let written = value.serialize(ValueSerializer::new(&mut text)).is_ok();
    let line = format!("x = {text}");
    let root = DeTable::parse(&line).ok().filter(|_| written);
    let table = root.as_ref().and_then(|root| root.get_ref().get("x")).and_then(|x| x.get_ref().as_table());
    let mut fields: Vec<_> = table
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.span().start, key.get_ref(), value.span()))
        .collect();
    fields.sort_by_key(|(start, ..)| *start);
    fields.into_iter().map(|(_, key, span)| (key.to_string(), line[span].to_owned())).collect()
}
