//! The command line: arguments → one call, its output, its exit code.
//!
//! Rules:
//! - Results go to standard output, everything about the way there (problems, warnings, progress) to standard error.
//! - A closed pipe is not an error: the drills go on, the exit code says what came of them.
//! - Colour only on a terminal and without `NO_COLOR`.

mod args;
mod baselines;
mod check;
mod observed;
mod out;
mod plan;
mod run;

use crate::engine;
use crate::report::exit;
use crate::scenario::library::{self, Input, NoInput};
use crate::scenario::{self, Loaded, Plan, problem};
use crate::words;
use args::{Cli, Command, DEFAULT_DRILL};
use clap::{CommandFactory as _, Parser as _};
use out::Out;
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors to clap's caller; a closed pipe is none of ours.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::PASS });
        }
    };
    let mut out = Out::new();
    let code = match cli.command {
        None => run::dashboard_or_headless(&args::Run::default_drill(), &mut out),
        Some(Command::Run(options)) => run::dashboard_or_headless(&options, &mut out),
        Some(Command::Check(options)) => check::check(&options, &mut out),
        Some(Command::Baselines(options)) => baselines::compare(&options, &mut out),
        Some(Command::List) => list(&mut out),
        Some(Command::Show { name }) => show(&name, &mut out),
        Some(Command::Validate { scenarios }) => validate(&scenarios, &mut out),
        Some(Command::Plan { scenario }) => plan(&scenario, &mut out),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "hopdrill", &mut script);
            out.raw(&script);
            exit::PASS
        }
    };
    ExitCode::from(if out.lost() { exit::worst([code, exit::INTERNAL]) } else { code })
}

impl args::Run {
    fn default_drill() -> Self {
        Self {
            scenario: DEFAULT_DRILL.to_owned(),
            speed: 1.0,
            real: false,
            seed: None,
            missing: args::Missing::default(),
            record: None,
        }
    }
}

fn list(out: &mut Out) -> u8 {
    let scenarios: Vec<_> = library::list().collect();
    let width = scenarios.iter().map(|s| s.name.len()).max().unwrap_or(0);
    for s in scenarios {
        let summary = scenario::load(s.name, s.text.as_bytes()).map(|l| l.plan.summary).unwrap_or_default();
        out.line(&format!("{:width$}  {summary}", s.name));
    }
    exit::PASS
}

fn show(name: &str, out: &mut Out) -> u8 {
    match library::find(name) {
        Some(found) => {
            out.raw(found.text.as_bytes());
            exit::PASS
        }
        None => {
            let hint = words::help(name, library::list().map(|s| s.name)).unwrap_or_default();
            out.error(&format!("there is no bundled scenario `{name}`; {hint}"));
            exit::USAGE
        }
    }
}

fn validate(named: &[String], out: &mut Out) -> u8 {
    let inputs = match inputs(named) {
        Ok(inputs) => inputs,
        Err(error) => {
            out.error(&error.to_string());
            return exit::USAGE;
        }
    };
    let mut code = exit::PASS;
    for input in &inputs {
        let valid = load(input, out).is_some();
        out.line(&format!("{} {}", if valid { "ok     " } else { "INVALID" }, input.name()));
        if !valid {
            code = exit::INVALID;
        }
    }
    code
}

fn plan(scenario: &str, out: &mut Out) -> u8 {
    let input = match library::sources(&[scenario]).map(|inputs| inputs.into_iter().next()) {
        Ok(Some(input)) => input,
        Ok(None) => {
            out.error(&format!("there is no scenario in {scenario}"));
            return exit::USAGE;
        }
        Err(error) => {
            out.error(&error.to_string());
            return exit::USAGE;
        }
    };
    // What is told of the chains stands in the plan itself.
    match read(&input, out) {
        Some(loaded) => {
            let surveys = match engine::survey(&loaded.plan) {
                Ok(surveys) => surveys,
                Err(error) => {
                    out.error(&error.to_string());
                    return exit::INTERNAL;
                }
            };
            plan::lines(&loaded.plan, &surveys).iter().for_each(|line| out.line(line));
            exit::PASS
        }
        None => exit::INVALID,
    }
}

/// The scenarios that the arguments mean; without any, the bundled library.
fn inputs(named: &[String]) -> Result<Vec<Input>, NoInput> {
    if named.is_empty() { Ok(library::list().map(Input::Bundled).collect()) } else { library::sources(named) }
}

/// Loads a scenario; problems and warnings go to standard error.
fn load(input: &Input, out: &mut Out) -> Option<Plan> {
    let Loaded { plan, warnings } = read(input, out)?;
    if !warnings.is_empty() {
        out.error(&problem::render(&input.name(), &plan.source, &warnings, out.colour_errors()));
    }
    Some(plan)
}

/// Loads a scenario; problems go to standard error.
fn read(input: &Input, out: &mut Out) -> Option<Loaded> {
    let name = input.name();
    let bytes = match input.read() {
        Ok(bytes) => bytes,
        Err(error) => {
            out.error(&format!("{name} cannot be read: {error}"));
            return None;
        }
    };
    match scenario::load(&name, &bytes) {
        Ok(loaded) => Some(loaded),
        Err(invalid) => {
            out.error(&invalid.render(out.colour_errors()));
            None
        }
    }
}

/// Whether a person looks at the output and holds the keys.
fn at_a_terminal() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !dumb
}
