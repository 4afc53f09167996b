//! `kunci whoami`: who the agent takes us for, and what we may get. It never starts an agent: a private one would say what a
//! bench may, and not what this service may.

use api::{Granted, Whoami};
use quoted::{Plain, Quoted};

use crate::client::{self, Client, path};
use crate::failure::{Exit, Failure};
use crate::session::Session;

pub(crate) async fn run(session: &Session<'_>) -> Result<Exit, Failure> {
    let socket = session.paths.agent_socket()?;
    let body = Client::connect(&socket.path).await?.get(path::WHOAMI).await?;
    let whoami: Whoami = client::read(&body)?;
    if session.print.json {
        session.print.json(&body)?;
    } else {
        session.print.lines(words(&whoami))?;
    }
    let gets_nothing = whoami.rules.is_empty() && whoami.verbs.is_empty();
    Ok(if gets_nothing { Exit::Finding } else { Exit::Yes })
}

pub(crate) fn words(whoami: &Whoami) -> Vec<String> {
    let groups = match whoami.groups.as_slice() {
        [] => "none".to_owned(),
        groups => groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let unit = whoami.unit.as_ref().map_or("none".to_owned(), |unit| Quoted(unit).to_string());
    let mut lines =
        vec![format!("user   {}", whoami.uid), format!("groups {groups}"), format!("unit   {unit}")];
    if whoami.rules.is_empty() {
        lines.push(
            "No rule grants you a connector: ask the operator for one in [callers] that names you."
                .to_owned(),
        );
    }
    lines.extend(whoami.rules.iter().map(granted));
    if !whoami.verbs.is_empty() {
        lines.push(format!("You may, as an admin: {}", listed(&whoami.verbs)));
    }
    lines
}

fn granted(of: &Granted) -> String {
    let only = |what: &str, all: &Option<Vec<String>>| match all {
        Some(all) => format!("{what} {}", listed(all)),
        None => format!("all {what}"),
    };
    let rate = of.rate.as_ref().map(|rate| format!(", at most {}", Plain(rate))).unwrap_or_default();
    let (tenants, client_ids) = (only("tenants", &of.tenants), only("client ids", &of.client_ids));
    format!("You may get assertions of {}: {tenants}, {client_ids}{rate}", listed(&of.connectors))
}

/// Names of a configuration, which may be anything that somebody wrote.
fn listed(names: &[String]) -> String {
    names.iter().map(|name| Plain(name).to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::seen;

    #[test]
    fn what_is_granted_is_told_in_plain_words() {
        let of = |connectors: &[&str]| Granted {
            connectors: connectors.iter().map(ToString::to_string).collect(),
            tenants: None,
            client_ids: None,
            rate: None,
        };
        let narrow = Granted {
            tenants: Some(vec!["a.example".into(), "b.example".into()]),
            rate: Some("50/s".into()),
            ..of(&["uk", "us"])
        };
        let whoami = Whoami {
            uid: 990,
            groups: vec![990, 991],
            unit: Some("iep.service".into()),
            rules: vec![of(&["de"]), narrow],
            verbs: vec!["freeze".into()],
        };
        insta::assert_snapshot!(seen(words(&whoami)), @r#"
        user   990
        groups 990, 991
        unit   "iep.service"
        You may get assertions of de: all tenants, all client ids
        You may get assertions of uk, us: tenants a.example, b.example, all client ids,
            at most 50/s
        You may, as an admin: freeze
        "#);
        insta::assert_snapshot!(seen(words(&Whoami::default())), @r"
        user   0
        groups none
        unit   none
        No rule grants you a connector: ask the operator for one in [callers] that names
            you.
        ");
    }
}
