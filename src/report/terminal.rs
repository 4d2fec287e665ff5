//! Reports as plain text, for people: one line per drill, and under it what does not hold.
//!
//! ```text
//! PASS primary-outage  2400 requests  availability 99.98%  p95 1.43s  8/8 SLOs
//! FAIL quiet-start     1200 requests  availability 91.67%  p95 2.10s  1/2 SLOs
//!   ✗ availability >= 99%
//!       value     91.67%, wanted >= 99%
//!       broke at  21.102s
//!       worst     0% from 20s to 25s
//!       requests  0-249 0-248 0-247
//!   repeat  hopdrill check quiet-start --seed 7
//! PASS quiet-start --control  1200 requests  availability 71.25%  p95 2.10s  1/2 SLOs, 1 broke as it must
//!   · availability >= 99%
//!       value     71.25%, wanted >= 99%
//! ```
//!
//! Rules:
//! - Colour only when told; without it not a single escape is written.
//! - Names are padded to the longest, so that columns stand below each other.
//! - A drill that passes takes one line, unless it left something unrehearsed.

use super::{Counts, DrillReport, Verdict, flags};
use crate::event::Micros;
use crate::slo::{self, SloResult};

/// The text for these drills, each line ending with a newline.
#[must_use]
pub fn text(reports: &[DrillReport], colour: bool) -> String {
    let widths = Widths {
        verdict: reports.iter().map(|r| r.verdict().word().len()).max().unwrap_or(0),
        name: reports.iter().map(|r| title(r).chars().count()).max().unwrap_or(0),
        requests: reports.iter().map(|r| r.totals.overall.requests.to_string().len()).max().unwrap_or(0),
    };
    let mut out = String::new();
    for report in reports {
        out += &summary(report, &widths, colour);
        out += &match &report.must_break {
            Some(_) => broken(report, colour),
            None => failed(report, colour),
        };
        if report.slos.is_empty() {
            out += "  ? no assertions, so nothing is shown\n";
        }
        for sentence in report.vacuity.iter().filter(|s| !said_above(report, s)) {
            out += &format!("  ! {sentence}\n");
        }
        if report.verdict() != Verdict::Pass {
            out += &format!("  repeat  {}\n", report.reproduce);
        }
    }
    out
}

struct Widths {
    verdict: usize,
    name: usize,
    requests: usize,
}

fn summary(report: &DrillReport, widths: &Widths, colour: bool) -> String {
    let totals = &report.totals.overall;
    let verdict = format!("{:1$}", report.verdict().word(), widths.verdict);
    let availability = totals.availability.map_or_else(|| "-".to_owned(), percent);
    let p95 = totals.p95_ms.map_or_else(|| "-".to_owned(), |ms| format!("{:.2}s", ms / 1e3));
    format!(
        "{} {:name$}  {:>requests$} requests  availability {availability:>6}  p95 {p95:>5}  {}/{} SLOs{}\n",
        painted(&verdict, paint_of(report.verdict()), colour),
        title(report),
        totals.requests,
        report.holding(),
        report.slos.len(),
        as_it_must(report) + &money(totals),
        name = widths.name,
        requests = widths.requests,
    )
}

/// What the calls cost, and how much of it went to calls whose answer was not served, if they cost anything.
fn money(totals: &Counts) -> String {
    match (totals.cost_usd, totals.wasted_usd) {
        (cost, _) if cost <= 0.0 => String::new(),
        (cost, wasted) if wasted <= 0.0 => format!("  cost ${cost:.4}"),
        (cost, wasted) => format!("  cost ${cost:.4}, ${wasted:.4} wasted"),
    }
}

/// Two decimals, but 100% only if it is.
fn percent(share: f64) -> String {
    if share >= 1.0 { "100%".to_owned() } else { format!("{:.2}%", (share * 100.0).min(99.99)) }
}

/// The scenario, and what its router was without.
fn title(report: &DrillReport) -> String {
    format!("{}{}", report.scenario, flags(report.router, &report.without))
}

/// What there is to say after the count where the scenario says what must fail.
fn as_it_must(report: &DrillReport) -> String {
    match &report.must_break {
        Some(named) if report.verdict() == Verdict::Pass && named.is_empty() => {
            ", and none breaks, as it says".to_owned()
        }
        Some(named) if report.verdict() == Verdict::Pass => format!(", {} broke as they must", named.len()),
        _ => String::new(),
    }
}

/// What does not hold.
fn failed(report: &DrillReport, colour: bool) -> String {
    let lost = report.slos.iter().filter(|s| s.verdict != slo::Verdict::Pass);
    let mut out: String = lost.map(|slo| explained(slo, mark(slo), colour)).collect();
    if !report.without.is_empty() && !report.slos.is_empty() && report.verdict() == Verdict::Pass {
        out += "  ! nothing broke: no assertion of this scenario shows what is missing\n";
    }
    out
}

/// What failed where something must, and what is not as the scenario says.
fn broken(report: &DrillReport, colour: bool) -> String {
    let mut out = String::new();
    let played: Vec<&str> = report.router.iter().chain(&report.without).copied().collect();
    let said = format!("`breaks` under `{}`", played.join(" "));
    for slo in &report.slos {
        let fails = slo.verdict == slo::Verdict::Fail;
        if report.is_unexpected(slo) {
            out += &explained(slo, ("✗", Paint::Red), colour);
            out += &match (fails, &slo.value) {
                (true, _) => format!("      but       it must hold: {said} does not name it\n"),
                (false, Some(value)) => {
                    format!("      but       it holds with {value}, and {said} says that it fails\n")
                }
                (false, None) => format!("      but       {said} says that it fails\n"),
            };
        } else if fails {
            out += &explained(slo, ("·", Paint::Yellow), colour);
        }
    }
    out
}

fn mark(slo: &SloResult) -> (&'static str, Paint) {
    match slo.verdict {
        slo::Verdict::Inconclusive => ("?", Paint::Yellow),
        _ => ("✗", Paint::Red),
    }
}

fn explained(slo: &SloResult, (mark, paint): (&str, Paint), colour: bool) -> String {
    let mut out = format!("  {} {}\n", painted(mark, paint, colour), slo.text);
    let Some(why) = &slo.why else { return out };
    let mut line = |label: &str, text: &str| out += &format!("      {label:<8}  {text}\n");
    match slo.verdict {
        slo::Verdict::Inconclusive => line("unknown", &why.summary),
        _ => line("value", &why.summary),
    }
    if let Some(at) = why.broke_at {
        line("broke at", &seconds(at));
    }
    if let Some(worst) = &why.worst {
        line("worst", &format!("{} from {} to {}", worst.value, seconds(worst.from), seconds(worst.until)));
    }
    if !why.requests.is_empty() {
        let ids: Vec<String> = why.requests.iter().map(ToString::to_string).collect();
        line("requests", &ids.join(" "));
    }
    out
}

/// Whether a sentence about an assertion without samples repeats what was said of the assertion itself.
fn said_above(report: &DrillReport, sentence: &str) -> bool {
    let inconclusive = report.slos.iter().filter(|s| s.verdict == slo::Verdict::Inconclusive);
    inconclusive.map(|s| format!("`{}`", s.text)).any(|text| sentence.starts_with(&text))
}

/// `20s`, `21.102s`.
fn seconds(at: Micros) -> String {
    let millis = at.0 / 1000;
    if millis.is_multiple_of(1000) {
        format!("{}s", millis / 1000)
    } else {
        format!("{}.{:03}s", millis / 1000, millis % 1000)
    }
}

#[derive(Debug, Clone, Copy)]
enum Paint {
    Green,
    Yellow,
    Red,
}

fn paint_of(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Pass => Paint::Green,
        Verdict::Inconclusive | Verdict::Interrupted => Paint::Yellow,
        Verdict::Fail => Paint::Red,
    }
}

fn painted(text: &str, paint: Paint, colour: bool) -> String {
    let code = match paint {
        Paint::Green => 32,
        Paint::Yellow => 33,
        Paint::Red => 31,
    };
    if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{failed, inconclusive, interrupted, passed};

    #[test]
    fn a_drill_that_passes_takes_one_line() {
        insta::assert_snapshot!(text(&[passed()], false));
    }

    #[test]
    fn failures_are_explained_below_their_drill_and_columns_line_up() {
        insta::assert_snapshot!(text(&[passed(), failed(), inconclusive(), interrupted()], false));
    }

    #[test]
    fn what_breaks_without_a_part_is_shown_against_what_must() {
        let must = |named: &[&str]| {
            let must_break = Some(named.iter().map(|n| crate::event::Name::from(*n)).collect());
            DrillReport { without: vec!["control"], must_break, ..failed() }
        };
        let right = must(&["availability >= 99%", "p50(latency) < 400ms during outage"]);
        let wrong = must(&["availability >= 99%", "answered > 50%"]);
        let silent = DrillReport { without: vec!["breaker", "ramp"], ..passed() };
        assert_eq!([&right, &wrong, &silent].map(DrillReport::verdict), [Verdict::Pass, Verdict::Fail, Verdict::Pass]);
        insta::assert_snapshot!(text(&[right, wrong, silent], false));
    }

    #[test]
    fn colour_is_written_only_when_told() {
        assert!(!text(&[failed()], false).contains('\u{1b}'));
        insta::assert_snapshot!(text(&[failed()], true).replace('\u{1b}', "ESC"));
    }

    #[test]
    fn money_is_told_where_there_is_some() {
        let spent = |cost_usd, wasted_usd| money(&Counts { cost_usd, wasted_usd, ..Counts::default() });
        assert_eq!(spent(0.0, 0.0), "");
        assert_eq!(spent(1.25, 0.0), "  cost $1.2500");
        assert_eq!(spent(1.25, 0.0021), "  cost $1.2500, $0.0021 wasted");
    }

    #[test]
    fn a_hundred_percent_is_said_only_of_all() {
        assert_eq!(percent(1.0), "100%");
        assert_eq!(percent(0.999_99), "99.99%");
        assert_eq!(percent(0.9998), "99.98%");
    }
}
