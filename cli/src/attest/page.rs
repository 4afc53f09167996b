//! The answer on one page: whether to accept it and why not, what was signed, where the path ends, what was asked.
//!
//! What the evidence says stands under a title that tells what it is worth, and is called a claim where it is not proven.
//! Its own words are quoted.

use attest::bundle::BundleReport;
use attest::{Finding, Grade, KeysReport, Kind, Outcome, Report, Verdict};
use quoted::{Plain, Quoted, one_line};

use crate::print::{WIDTH, wrap};

/// How far the second line of a finding is set in, in columns.
const INDENT: usize = 4;
/// The column of facts begins behind the longest name of one.
const NAMES: usize = 13;

pub(crate) fn outcome(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Key(report) => key(report),
        Outcome::Keys(report) => keys(report),
        Outcome::Bundle(report) => bundle(report),
    }
}

fn key(report: &Report) -> Vec<String> {
    let mut lines = headline(report);
    lines.extend(section(title(report), said(report)));
    lines.extend(section("Where the path ends", root(report)));
    lines.extend(section("What was asked", asked(report)));
    lines.push(String::new());
    lines.extend(report.findings.iter().flat_map(finding));
    lines
}

/// Each key's answer, and before them the one to all.
fn keys(all: &KeysReport) -> Vec<String> {
    let refused = all.keys.iter().filter(|report| !report.is_yes()).count();
    let mut lines = match (all.is_yes(), refused) {
        (true, _) => says(&format!("PROVEN: each of {} keys.", all.keys.len())),
        (false, 0) => says(&format!("NOT ACCEPTED: {}", first(&all.findings))),
        (false, some) => says(&format!("NOT ACCEPTED: {some} of {} keys; see below why.", all.keys.len())),
    };
    lines.extend(all.findings.iter().flat_map(finding));
    for (at, report) in all.keys.iter().enumerate() {
        lines.extend([String::new(), format!("--- Key {} of {}", at + 1, all.keys.len())]);
        lines.extend(key(report));
    }
    lines
}

/// A bundle's answer: each key's grade first, since that is what a vendor's word comes down to.
fn bundle(bundle: &BundleReport) -> Vec<String> {
    let connector = Quoted(&bundle.connector);
    let mut lines = match bundle.is_yes() {
        true => says(&format!("PROVEN: every key of the connector {connector}.")),
        false => says(&format!("NOT ACCEPTED: {}", why_not(bundle))),
    };
    lines.extend(bundle.findings.iter().flat_map(finding));
    for one in &bundle.keys {
        let words = format!("--- The key of {connector} on {}: {}", Quoted(&one.token), one.grade);
        lines.push(String::new());
        lines.extend(says(&words));
        lines.extend(key(&one.report));
    }
    lines
}

fn why_not(bundle: &BundleReport) -> String {
    let refused = bundle.keys.iter().find(|one| !one.report.is_yes());
    match (refused, bundle.findings.first()) {
        (Some(one), _) if one.grade == Grade::Attested => {
            format!("the key on {}: {}", Quoted(&one.token), reason(&one.report))
        }
        (Some(one), _) => {
            format!(
                "the key on {} is {}, not attested: {}",
                Quoted(&one.token),
                one.grade,
                reason(&one.report)
            )
        }
        (None, Some(finding)) => finding.message.clone(),
        (None, None) => "there is no key in it.".to_owned(),
    }
}

/// What weighs most; findings are sorted by it.
fn reason(report: &Report) -> String {
    first(&report.findings)
}

fn first(findings: &[Finding]) -> String {
    findings.first().map_or("nothing proves it.".to_owned(), |finding| finding.message.clone())
}

fn headline(report: &Report) -> Vec<String> {
    let verdict = match report.verdict {
        Verdict::Proven if report.software => {
            "PROVEN, BUT SOFTWARE: the signatures hold, and the device is a program: no hardware holds the key."
        }
        Verdict::Proven if is_given(report) => {
            "PROVEN UNDER YOUR ROOT: the device signed what it says, and whoever owns the root that you gave vouches for the \
             device. No maker that is known here does."
        }
        Verdict::Proven => {
            "PROVEN: the device's maker vouches for the device, and the device signed what it says."
        }
        Verdict::Unattested => {
            "UNATTESTED: nothing here shows that a trusted maker vouches for it. What it says is a claim."
        }
        Verdict::Contradicted => {
            "CONTRADICTED: the evidence disagrees with itself or with you. Believe none of it."
        }
        Verdict::Malformed => "MALFORMED: the evidence cannot be read.",
    };
    let mut lines = Vec::new();
    if !report.is_yes() {
        lines.extend(says(&format!("NOT ACCEPTED: {}", reason(report))));
    }
    lines.extend(says(verdict));
    lines
}

fn title(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Proven if is_given(report) => "Signed by the device, or above it under your root",
        Verdict::Proven => "Signed by the device or its maker",
        _ => "Claimed",
    }
}

fn is_given(report: &Report) -> bool {
    report.root.as_ref().is_some_and(|root| root.given)
}

fn said(report: &Report) -> Vec<(&'static str, Option<String>)> {
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let text = |value: &str| value.to_owned();
    vec![
        ("kind", report.kind.map(|kind| kind.to_string())),
        ("vendor", vendor(report)),
        ("form factor", report.form_factor.map(text)),
        ("serial", report.serial.as_deref().map(serial)),
        ("firmware", report.firmware.clone()),
        ("slot", report.slot.clone()),
        ("algorithm", report.algorithm.clone()),
        ("PIN", report.pin_policy.map(text)),
        ("touch", report.touch_policy.map(text)),
        ("FIPS series", report.fips.map(yes)),
        ("origin", report.origin.map(text)),
        ("exportable", report.exportable.map(yes)),
        ("label", report.label.as_ref().map(|label| Quoted(label).to_string())),
        ("key SHA-256", report.public_key_sha256.map(|digest| digest.to_string())),
    ]
}

/// A module says what it likes; all other makers' names are ours, for what a certificate holds.
fn vendor(report: &Report) -> Option<String> {
    let vendor = report.vendor.as_ref()?;
    Some(if report.kind == Some(Kind::Pkcs11) { Quoted(vendor).to_string() } else { vendor.clone() })
}

/// A number is nobody's word.
fn serial(serial: &str) -> String {
    match serial.bytes().all(|digit| digit.is_ascii_digit()) {
        true => serial.to_owned(),
        false => Quoted(serial).to_string(),
    }
}

fn root(report: &Report) -> Vec<(&'static str, Option<String>)> {
    let Some(root) = &report.root else { return Vec::new() };
    let name =
        if root.name.is_empty() { "without a subject".to_owned() } else { Quoted(&root.name).to_string() };
    let given = root.given.then(|| "by you".to_owned());
    vec![("root", Some(name)), ("given", given), ("root SHA-256", Some(root.sha256.to_string()))]
}

fn asked(report: &Report) -> Vec<(&'static str, Option<String>)> {
    let asked = &report.asked;
    let mut facts = vec![
        ("valid at", Some(report.at.to_string())),
        ("--key SHA-256", asked.key_sha256.map(|digest| digest.to_string())),
        ("--serial", asked.serial.as_ref().map(|serial| Plain(serial).to_string())),
    ];
    facts.extend(asked.require.iter().map(|one| ("--require", Some(one_line(one).into_owned()))));
    facts
}

fn section(title: &str, facts: Vec<(&'static str, Option<String>)>) -> Vec<String> {
    let told = |(name, value): (&str, Option<String>)| value.map(|value| format!("  {name:<NAMES$} {value}"));
    let facts: Vec<String> = facts.into_iter().filter_map(told).collect();
    if facts.is_empty() {
        return facts;
    }
    let facts = facts.iter().flat_map(|fact| wrap(fact, WIDTH, NAMES + 3));
    [String::new(), format!("{title}:")].into_iter().chain(facts).collect()
}

fn says(line: &str) -> Vec<String> {
    wrap(line, WIDTH, INDENT)
}

fn finding(finding: &Finding) -> Vec<String> {
    wrap(&format!("{} [{}]: {}", finding.level, finding.code, finding.message), WIDTH, INDENT)
}
