//! Reports as one JSON document, for machines.
//!
//! The document names its format and version; a version stays readable for old readers as long as fields are only
//! added. Times carry their unit in their names, shares are 0 to 1, requests are `stream-number`.

use super::{DrillReport, Verdict, exit};
use serde::Serialize;

/// The version of the document.
pub const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    exit_code: u8,
    drills: Vec<Drill<'a>>,
}

#[derive(Debug, Serialize)]
struct Drill<'a> {
    verdict: Verdict,
    #[serde(flatten)]
    report: &'a DrillReport,
}

/// The document for these drills. `exit_code` is that of the whole command, which knows more than the drills that ran:
/// a scenario that could not be read has no report.
///
/// # Errors
/// None in practice: every value here has a JSON form.
pub fn document(reports: &[DrillReport], exit_code: u8) -> serde_json::Result<String> {
    let drills = reports.iter().map(|report| Drill { verdict: report.verdict(), report }).collect();
    let document = Document { format: "hopdrill-report", version: VERSION, exit_code, drills };
    serde_json::to_string_pretty(&document)
}

/// The exit code of drills that all ran.
#[must_use]
pub fn exit_code(reports: &[DrillReport]) -> u8 {
    exit::worst(reports.iter().map(|r| r.verdict().exit_code()))
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{failed, passed};

    #[test]
    fn a_document_says_its_format_version_and_exit_code() {
        let reports = [passed(), failed()];
        let text = super::document(&reports, super::exit_code(&reports)).unwrap();
        insta::assert_snapshot!(text);
    }
}
