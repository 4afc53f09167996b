//! The answer on one page. What the evidence says is called a claim where it is not proven.

use attest::bundle::BundleReport;
use attest::{Finding, Report, Verdict};

pub(super) fn report(report: &Report) -> String {
    let mut lines = vec![headline(report)];
    for (name, value) in facts(report) {
        lines.push(format!("  {name:<13} {value}"));
    }
    lines.extend(report.findings.iter().map(finding));
    lines.join("\n")
}

/// A bundle's answer: each key's grade first, since that is what a vendor's word comes down to.
pub(super) fn bundle(bundle: &BundleReport) -> String {
    let grade = bundle.grade.map_or("without a key".to_owned(), |grade| grade.to_string());
    let mut lines = vec![format!("{}: {grade} ({})", bundle.connector, bundle.verdict)];
    lines.extend(bundle.findings.iter().map(finding));
    for key in &bundle.keys {
        lines.push(format!("\n{} on {}: {}\n", bundle.connector, key.token, key.grade));
        lines.push(report(&key.report));
    }
    lines.join("\n")
}

fn finding(finding: &Finding) -> String {
    format!("{} [{}]: {}", finding.level, finding.code, finding.message)
}

fn headline(report: &Report) -> String {
    let answer = match (report.verdict, report.is_yes()) {
        (Verdict::Proven, true) if report.software => {
            "PROVEN, BUT SOFTWARE: the signatures hold, and the device is a program: no hardware holds the key."
        }
        (Verdict::Proven, true) => "PROVEN: the device's maker signed what follows.",
        (Verdict::Proven, false) => {
            "PROVEN, BUT NOT AS ASKED: the maker signed what follows; see the errors."
        }
        (Verdict::Unattested, _) => {
            "UNATTESTED: nobody who is trusted here signed this; what follows is a claim."
        }
        (Verdict::Contradicted, _) => {
            "CONTRADICTED: the evidence disagrees with itself or with you; believe none of it."
        }
        (Verdict::Malformed, _) => "MALFORMED: the evidence cannot be read.",
    };
    format!("{answer}\n")
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let text = |value: &str| value.to_owned();
    let all = [
        ("kind", report.kind.map(|kind| kind.to_string())),
        ("vendor", report.vendor.clone()),
        ("form factor", report.form_factor.map(text)),
        ("serial", report.serial.clone()),
        ("firmware", report.firmware.clone()),
        ("slot", report.slot.clone()),
        ("algorithm", report.algorithm.clone()),
        ("PIN", report.pin_policy.map(text)),
        ("touch", report.touch_policy.map(text)),
        ("FIPS series", report.fips.map(yes)),
        ("origin", report.origin.map(text)),
        ("exportable", report.exportable.map(yes)),
        ("label", report.label.clone()),
        ("public key", report.public_key_sha256.map(|digest| format!("SHA-256 {digest}"))),
        ("root", report.root.as_ref().map(|root| format!("{} (SHA-256 {})", root.name, root.sha256))),
        ("valid at", Some(report.at.to_string())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
