//! The answer on one page: whether to accept it and why not, what was signed, where the path ends, what was asked.
//!
//! What the evidence says stands under a title that tells what it is worth, and is called a claim where it is not proven.
//! Its own words are quoted.

use attest::bundle::BundleReport;
use attest::{Finding, Grade, KeysReport, Kind, Level, Outcome, Report, Verdict};
use quoted::{Plain, Quoted, one_line};

use super::worth::{Worth, every, is_given};
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
    let count = all.keys.len();
    let mut refused = all.keys.iter().enumerate().filter(|(_, report)| !report.is_yes());
    let mut lines = match (all.is_yes(), refused.next()) {
        (true, _) => says(&every(&format!("each of {count} keys"), all.keys.iter().map(Worth::of))),
        (false, None) => says(&format!("NOT ACCEPTED: {}", first(&all.findings))),
        (false, Some((at, report))) => {
            let (some, which) = (refused.count() + 1, at + 1);
            says(&format!("NOT ACCEPTED: {some} of {count} keys. Key {which}: {}", first(&report.findings)))
        }
    };
    lines.extend(all.findings.iter().flat_map(finding));
    for (at, report) in all.keys.iter().enumerate() {
        lines.extend([String::new(), format!("--- Key {} of {count}", at + 1)]);
        lines.extend(key(report));
    }
    lines
}

/// A bundle's answer: each key's grade first, since that is what a vendor's word comes down to.
fn bundle(bundle: &BundleReport) -> Vec<String> {
    let connector = Quoted(&bundle.connector);
    let mut lines = match bundle.is_yes() {
        true => {
            let worths = bundle.keys.iter().map(|one| Worth::graded(one.grade, &one.report));
            says(&every(&format!("every key of the connector {connector}"), worths))
        }
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
    let Some(one) = bundle.keys.iter().find(|one| !one.report.is_yes()) else {
        return first(&bundle.findings);
    };
    let (token, reason) = (Quoted(&one.token), first(&one.report.findings));
    match one.grade {
        Grade::Attested => format!("the key on {token}: {reason}"),
        grade => format!("the key on {token} is {grade}, not attested: {reason}"),
    }
}

/// Why the answer is no: the first error. Where there is none nothing is wrong, and nothing is proven; a warning is no reason.
fn first(findings: &[Finding]) -> String {
    let error = findings.iter().find(|finding| finding.level == Level::Error);
    let nobody = || "nobody who is trusted here signed where the key was made.".to_owned();
    error.map_or_else(nobody, |finding| finding.message.clone())
}

fn headline(report: &Report) -> Vec<String> {
    let proven = Worth::of(report).head();
    let verdict = match (report.verdict, Worth::of(report)) {
        (Verdict::Proven, Worth::Software) => {
            format!("{proven}: the signatures hold, and the device is a program: no hardware holds the key.")
        }
        (Verdict::Proven, Worth::GivenRoot) => format!(
            "{proven}: the device signed what it says, and whoever owns the root that you gave vouches for the device. No maker \
             that is known here does."
        ),
        (Verdict::Proven, _) => {
            format!(
                "{proven}: the device's maker vouches for the device, and the device signed what it says."
            )
        }
        (Verdict::Unattested, _) => {
            "UNATTESTED: nothing here shows that a trusted maker vouches for it. What it says is a claim."
                .to_owned()
        }
        (Verdict::Contradicted, _) => {
            "CONTRADICTED: the evidence disagrees with itself or with you. Believe none of it.".to_owned()
        }
        (Verdict::Malformed, _) => "MALFORMED: the evidence cannot be read.".to_owned(),
    };
    let mut lines = Vec::new();
    if !report.is_yes() {
        lines.extend(says(&format!("NOT ACCEPTED: {}", first(&report.findings))));
    }
    lines.extend(says(&verdict));
    lines
}

fn title(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Proven if is_given(report) => "Signed by the device, or above it under your root",
        Verdict::Proven => "Signed by the device or its maker",
        _ => "Claimed",
    }
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
