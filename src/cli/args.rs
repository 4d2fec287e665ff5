//! What can be typed.

use crate::router::ablate::{self, CONTROL, PARTS, Part};
use crate::router::preset::{self, PRESETS, Preset};
use crate::scenario::Plan;
use crate::words;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Fire drills for LLM fallback routing: a real router against mock providers that fail on a script.
#[derive(Debug, Parser)]
#[command(name = "hopdrill", version, about, after_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 all SLOs hold · 1 internal error · 2 usage · 3 scenario invalid · 4 SLO violated \
· 5 inconclusive · 130 interrupted";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Play a drill in the dashboard (headless if the output is not a terminal)
    Run(Run),
    /// Play drills headless and judge them
    Check(Check),
    /// List the bundled scenarios
    List,
    /// Print a bundled scenario's YAML
    Show {
        /// Its name, as `list` prints it
        name: String,
    },
    /// Check scenario files without running them
    Validate {
        /// Files, directories or bundled names; all bundled ones if none is given
        scenarios: Vec<String>,
    },
    /// Tell what a scenario will do without running it: timeline, chains, and what looks wrong with them
    Plan {
        /// A file or a bundled name
        #[arg(default_value = DEFAULT_DRILL)]
        scenario: String,
    },
    /// Compare the routers that everyone writes first with the scenarios' own, on the same luck
    Baselines(Baselines),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What the router has to do without.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Missing {
    /// Play another router: naive or textbook (what everyone writes first), or full, the scenario's own
    #[arg(long, value_name = "NAME", value_parser = router)]
    router: Option<Router>,
    /// Bypass the router: the first target of each chain and one call, with the same deadlines
    #[arg(long)]
    control: bool,
    /// Play with a part of the router off; give it again for another (the parts are listed below)
    #[arg(long, value_name = "PART", value_parser = part)]
    without: Vec<&'static Part>,
}

/// The scenario's own router among the routers.
pub(super) const FULL: &str = "full";

/// A router by name; [`FULL`] is the scenario's own.
pub(super) type Router = Option<&'static Preset>;

impl Missing {
    /// The router that is played instead of the scenario's own.
    pub(super) fn preset(&self) -> Router {
        self.router.flatten()
    }

    /// The drill as it is played.
    pub(super) fn apply(&self, plan: &Plan) -> Plan {
        match self.preset() {
            Some(preset) => plan.routed_by(preset).without(&self.parts()),
            None => plan.without(&self.parts()),
        }
    }

    /// The parts that are off, each once.
    pub(super) fn parts(&self) -> Vec<&'static Part> {
        let control = ablate::find(CONTROL).filter(|_| self.control);
        let mut parts: Vec<&'static Part> = Vec::new();
        for part in control.into_iter().chain(self.without.iter().copied()) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        parts
    }
}

/// What `--without` takes.
fn parts() -> String {
    let parts = PARTS.iter().filter(|part| part.name != CONTROL);
    let lines: Vec<String> = parts.map(|part| format!("  {:12}  {}", part.name, part.gone)).collect();
    format!("Parts of the router, and what happens without them:\n{}", lines.join("\n"))
}

fn router(name: &str) -> Result<Router, String> {
    let names = || PRESETS.iter().map(|preset| preset.name).chain([FULL]);
    match preset::find(name) {
        None if name != FULL => Err(words::help(name, names()).unwrap_or_default()),
        found => Ok(found),
    }
}

fn part(name: &str) -> Result<&'static Part, String> {
    let help = || words::help(name, PARTS.iter().map(|part| part.name)).unwrap_or_default();
    ablate::find(name).ok_or_else(|| format!("the router has no such part; {}", help()))
}

#[derive(Debug, Args)]
#[command(after_help = parts())]
pub(super) struct Run {
    /// A file or a bundled name
    #[arg(default_value = DEFAULT_DRILL)]
    pub(super) scenario: String,
    /// Virtual seconds per second, 0.25 to 100, or `max`
    #[arg(long, default_value = "1", value_parser = speed)]
    pub(super) speed: f64,
    /// Over TCP and in real time
    #[arg(long)]
    pub(super) real: bool,
    /// Instead of the scenario's own seed
    #[arg(long)]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) missing: Missing,
    /// Write the event log as JSON lines
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
}

/// What is played when nobody says what.
pub(super) const DEFAULT_DRILL: &str = "primary-outage";

#[derive(Debug, Args)]
#[command(after_help = parts())]
pub(super) struct Check {
    /// Files, directories or bundled names; all bundled ones if none is given
    pub(super) scenarios: Vec<String>,
    /// Over TCP and in real time
    #[arg(long)]
    pub(super) real: bool,
    /// Instead of the scenarios' own seeds
    #[arg(long, conflicts_with = "seeds")]
    pub(super) seed: Option<u64>,
    /// Every seed from A to B inclusive: as many drills
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(super) seeds: Option<Seeds>,
    #[command(flatten)]
    pub(super) missing: Missing,
    /// Write event logs as JSON lines: one drill to FILE, several into the directory FILE
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
    /// Write a report, such as json=report.json; prometheus, audit and otlp are of one drill each, and of several go
    /// into the directory FILE
    #[arg(long, value_name = "KIND=FILE", value_parser = report)]
    pub(super) report: Vec<Report>,
    /// Send the traces of each drill to an OpenTelemetry collector, such as http://127.0.0.1:4318
    #[arg(long, value_name = "URL")]
    pub(super) otlp: Option<String>,
    /// Carry out what the scenarios say under `alerts`: run their commands and call their webhooks, once each drill is
    /// over. Only for scenarios that you trust
    #[arg(long)]
    pub(super) deliver_alerts: bool,
    /// Drills at a time; one per core if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct Baselines {
    /// Files, directories or bundled names; all bundled ones if none is given
    pub(super) scenarios: Vec<String>,
    /// Every seed from A to B inclusive instead of the scenarios' own
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub(super) seeds: Option<Seeds>,
    /// Drills at a time; one per core if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
}

/// An inclusive range of seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seeds {
    pub(super) first: u64,
    pub(super) last: u64,
}

/// A report to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) kind: ReportKind,
    pub(super) file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportKind {
    /// All drills in one document.
    Json,
    /// What a scrape would get at the end.
    Prometheus,
    /// A row for every hop, skip and transition.
    Audit,
    /// Traces, as OTLP in JSON.
    Otlp,
}

impl ReportKind {
    /// What a file of one drill is called after, if there is one for each.
    pub(super) fn of_one_drill(self) -> Option<&'static str> {
        match self {
            Self::Json => None,
            Self::Prometheus => Some("prom"),
            Self::Audit => Some("audit.jsonl"),
            Self::Otlp => Some("otlp.json"),
        }
    }
}

/// More drills than this in one call are a slip of the finger.
const MOST_SEEDS: u64 = 1_000_000;

fn seeds(text: &str) -> Result<Seeds, String> {
    let (first, last) = text.split_once("..").ok_or("write A..B, such as 1..200; both ends are included")?;
    let number = |part: &str| part.trim().parse::<u64>().map_err(|_| format!("'{part}' is not a whole number"));
    let (first, last) = (number(first)?, number(last)?);
    if last < first {
        return Err(format!("{last} comes before {first}: write the smaller seed first"));
    }
    if last - first >= MOST_SEEDS {
        return Err(format!("these are more than {MOST_SEEDS} seeds"));
    }
    Ok(Seeds { first, last })
}

fn report(text: &str) -> Result<Report, String> {
    let (kind, file) = text.split_once('=').ok_or("write KIND=FILE, such as json=report.json")?;
    let kind = ReportKind::from_str(kind, true).map_err(|_| {
        let known: Vec<String> = ReportKind::value_variants()
            .iter()
            .filter_map(|k| Some(k.to_possible_value()?.get_name().into()))
            .collect();
        format!("there is no report of kind '{kind}'; there are: {}", known.join(", "))
    })?;
    if file.is_empty() {
        return Err("the file is missing after '='".to_owned());
    }
    Ok(Report { kind, file: file.into() })
}

fn speed(text: &str) -> Result<f64, String> {
    if text == "max" {
        return Ok(f64::INFINITY);
    }
    let speed: f64 = text.trim_start_matches(['x', '×']).parse().map_err(|_| "write a number or 'max'".to_owned())?;
    if (0.25..=100.0).contains(&speed) { Ok(speed) } else { Err("from 0.25 to 100, or 'max'".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seed_ranges_include_both_ends_and_explain_what_is_wrong() {
        assert_eq!(seeds("1..200"), Ok(Seeds { first: 1, last: 200 }));
        for wrong in ["7", "a..b", "3..1", "1..99999999999", "..", ""] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn routers_are_known_by_name() {
        assert_eq!(router("naive").unwrap().map(|preset| preset.name), Some("naive"));
        assert!(router("full").unwrap().is_none());
        assert_eq!(router("texbook").unwrap_err(), "did you mean `textbook`?");
    }

    #[test]
    fn parts_are_told_once_and_unknown_ones_are_met_with_a_guess() {
        let cli = Cli::try_parse_from(["hopdrill", "check", "--without", "ramp", "--control", "--without", "control"]);
        let Some(Command::Check(check)) = cli.unwrap().command else { panic!("a check") };
        assert_eq!(check.missing.parts().iter().map(|part| part.name).collect::<Vec<_>>(), ["control", "ramp"]);
        assert!(part("braker").unwrap_err().contains("did you mean `breaker`?"));
    }

    #[test]
    fn speeds_are_within_reach_or_flat_out() {
        assert_eq!(speed("0.25"), Ok(0.25));
        assert_eq!(speed("x10"), Ok(10.0));
        assert_eq!(speed("max"), Ok(f64::INFINITY));
        for wrong in ["0", "-1", "101", "fast", "nan", "inf"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }
}
