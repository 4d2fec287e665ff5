//! The table of triggers and policies, `docs/POLICIES.md`: written from the parts of the router, from the defaults that a
//! chain has which says nothing, and from what the scenarios say under `breaks`. A part without keys, tests or a scenario
//! in which it decides the outcome fails here.
//!
//! To add a part: its row in `rows.rs`, a scenario that names it under `breaks` (a small one belongs into `scenarios/parts/`),
//! and `UPDATE_DOCS=1 cargo test --test it policies`.

mod rows;

use crate::breaks::breaks_as_it_says;
use crate::drills::{plan, play};
use hopdrill::engine::World;
use hopdrill::event::Class;
use hopdrill::oracle::audit;
use hopdrill::router::ablate::{CONTROL, PARTS};
use hopdrill::router::lesser::Lesser;
use hopdrill::router::policy::decide::{Next, Table};
use hopdrill::router::policy::triggers::Trigger;
use hopdrill::router::preset::PRESETS;
use hopdrill::scenario::{Plan, load};
use hopdrill::slo::Verdict;
use rows::{At, Key, ROWS, Row, TRIGGER_ROWS};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A scenario with these lines where they belong.
fn scenario(at: At, line: &str) -> Plan {
    let places = [At::Provider, At::Model, At::Router, At::Chain, At::Load].map(|place| {
        let here = std::mem::discriminant(&place) == std::mem::discriminant(&at) && !line.is_empty();
        if here { line } else { "" }
    });
    let [provider, model, router, chain, load_line] = places;
    let comma = |line: &str| if line.is_empty() { String::new() } else { format!(", {line}") };
    let yaml = format!(
        "
version: 1
name: policies
summary: What a chain does that says nothing.
seed: 7
providers:
  openai:
    region: us-east
    keys: {{ a: {{}}, b: {{}} }}
    {provider}
    models:
      gpt-4o: {{ {model} }}
      gpt-4.1: {{}}
  anthropic: {{ region: us-east, models: {{ claude-sonnet-4: {{}} }} }}
router:
  {router}
  chains:
    main:
      targets: [openai/gpt-4o, anthropic/claude-sonnet-4]
      {chain}
load: [{{ tenant: acme, tier: gold, task: chat, rate: 1/s{} }}]
phases: [{{ name: all, for: 9s }}]
",
        comma(load_line)
    );
    load("policies", yaml.as_bytes()).unwrap_or_else(|invalid| panic!("{line}: {invalid}")).plan
}

impl Key {
    /// What it is where nothing is said, having seen that saying it changes that.
    fn default(&self) -> String {
        let default = (self.value)(&scenario(self.at, self.beside));
        let changed = (self.value)(&scenario(self.at, self.changed));
        assert_ne!(default, changed, "`{}` does not set `{}`", self.changed, self.name);
        let last = self.name.rsplit('.').next().expect("a name");
        assert!(self.changed.contains(&format!("{last}:")), "`{}` does not say `{}`", self.changed, self.name);
        default
    }

    fn shown(&self) -> String {
        let place = match self.at {
            At::Chain => "",
            At::Router => "router.",
            At::Provider => "providers.*.",
            At::Model => "models.*.",
            At::Load => "load.",
        };
        let default = self.default();
        match &*default {
            "" => format!("`{place}{}`", self.name),
            _ => format!("`{place}{}` {default}", self.name),
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of every scenario that comes with the program, by name: first the small ones of the parts, then the library, then
/// the situations.
fn scenarios() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["scenarios/parts", "scenarios", "scenarios/situations"] {
        let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
            .expect("a folder")
            .map(|file| file.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
            .collect();
        files.sort();
        for file in files {
            let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
            all.push((name, std::fs::read_to_string(file).expect("readable")));
        }
    }
    all
}

/// A drill that shows what a lesser router is worth: its name, its text, and what breaks.
struct Proof {
    drill: String,
    text: String,
    router: Lesser,
    slos: Vec<String>,
}

fn proofs() -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (drill, text) in scenarios() {
        for breaks in plan(&text).breaks.iter().filter(|breaks| !breaks.slos.is_empty()) {
            let slos = breaks.slos.iter().map(ToString::to_string).collect();
            proofs.push(Proof { drill: drill.clone(), text: text.clone(), router: breaks.router, slos });
        }
    }
    proofs
}

/// How many drills are named beside the first.
const ALSO: usize = 5;

/// The first drill with all that breaks, and who else says so.
fn shown(proofs: &[&Proof], name: &str) -> String {
    let [first, others @ ..] = proofs else {
        panic!(
            "no scenario names an assertion under `breaks` that fails with `{name}`: scenarios/parts/ is for small ones"
        );
    };
    let slos: Vec<String> = first.slos.iter().map(|slo| format!("`{slo}`")).collect();
    let named: Vec<String> = others.iter().take(ALSO).map(|proof| format!("`{}`", proof.drill)).collect();
    let also = match others.len() {
        0 => String::new(),
        few if few <= ALSO => format!("; also {}", named.join(" ")),
        many => format!("; also {} and {} more", named.join(" "), many - ALSO),
    };
    format!("`{}`: {}{also}", first.drill, slos.join(", "))
}

/// Every `.rs` file of the workspace's tests and sources, one after the other.
fn sources() -> String {
    let mut text = String::new();
    let mut folders = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                text += &std::fs::read_to_string(path).expect("readable");
            }
        }
    }
    text
}

fn tests(row: &Row, sources: &str) -> String {
    assert!(!row.tests.is_empty(), "{}: no test", row.name);
    for test in row.tests {
        assert!(sources.contains(&format!("fn {test}(")), "{}: there is no test `{test}`", row.name);
    }
    row.tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(" ")
}

fn keys(row: &Row) -> String {
    let keys: Vec<String> = row.keys.iter().map(Key::shown).collect();
    if keys.is_empty() { "–".to_owned() } else { keys.join(", ") }
}

fn moved_by(trigger: Trigger) -> String {
    let table = Table::default();
    let moved = Class::ALL.into_iter().filter(|&class| trigger.covers(class) && table.row(class).next == Next::Yes);
    let names: Vec<String> = moved.map(|class| format!("`{}`", class.as_str())).collect();
    if names.is_empty() { "nothing by itself".to_owned() } else { names.join(" ") }
}

/// Whether a scenario names that trigger itself.
fn names_trigger(text: &str, trigger: &str) -> bool {
    ["type: ", "type: \"", "triggers: ["].iter().any(|before| {
        text.match_indices(&format!("{before}{trigger}")).any(|(at, found)| {
            let after = text[at + found.len()..].chars().next();
            after.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_')
        })
    })
}

const INTRO: &str = "\
# Triggers and policies

What each trigger and each part of the router is set by, what it is where a scenario says nothing, a drill in which it
decides the outcome, and tests that exercise it. Written from the parts, the defaults and the scenarios by
`UPDATE_DOCS=1 cargo test --test it policies`; do not edit. What the keys mean is in [SCENARIOS.md](SCENARIOS.md).

The drill named first breaks exactly the assertions behind it when the part is off (`hopdrill check --without PART`); the
drills after `also` break others, which they say under `breaks`. The tests play every one of them with its part on and off.
Keys without a place before them are those of a chain.
";

fn page() -> String {
    let (proofs, sources) = (proofs(), sources());
    let of = |name: &str| -> Vec<&Proof> { proofs.iter().filter(|proof| proof.router.name() == name).collect() };
    let mut page = INTRO.to_owned();
    page += "\n## Parts\n\n| part | without it | keys and their defaults | decides | tests |\n";
    page += "| --- | --- | --- | --- | --- |\n";
    for part in PARTS {
        let row = ROWS.iter().find(|row| row.name == part.name);
        let row = row.unwrap_or_else(|| panic!("`{}` has no row in tests/it/policies/rows.rs", part.name));
        let (keys, decides, tests) = (keys(row), shown(&of(part.name), part.name), tests(row, &sources));
        writeln!(page, "| `{}` | {} | {keys} | {decides} | {tests} |", part.name, part.gone).expect("a string");
    }
    page += "\n## Triggers\n\nThe drill names the trigger itself, and without the part it fails.\n\n";
    page += "| trigger | moves a request on after | keys and their defaults | part | decides | tests |\n";
    page += "| --- | --- | --- | --- | --- | --- |\n";
    for (name, trigger) in Trigger::NAMES {
        let (_, row) = TRIGGER_ROWS.iter().find(|(known, _)| *known == trigger).expect("a row for each trigger");
        let naming: Vec<&Proof> = of(row.name).into_iter().filter(|proof| names_trigger(&proof.text, name)).collect();
        let (keys, decides, tests) = (keys(row), shown(&naming, name), tests(row, &sources));
        let moved = moved_by(trigger);
        writeln!(page, "| `{name}` | {moved} | {keys} | `{}` | {decides} | {tests} |", row.name).expect("a string");
    }
    page += "\n## Baselines\n\nWhat breaks under the routers that everyone writes first (`hopdrill check --router NAME`).\n\n";
    page += "| baseline | what it is | decides |\n| --- | --- | --- |\n";
    for preset in PRESETS {
        let decides = shown(&of(preset.name), preset.name);
        writeln!(page, "| `{}` | {} | {decides} |", preset.name, preset.what).expect("a string");
    }
    page
}

#[test]
fn every_trigger_and_every_part_has_its_row_with_keys_defaults_a_drill_that_it_decides_and_tests() {
    let wanted = page();
    let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names, PARTS.iter().map(|part| part.name).collect::<BTreeSet<_>>(), "a row for each part, once");
    assert_eq!(ROWS.len(), names.len());
    let path = root().join("docs/POLICIES.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).expect("written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "docs/POLICIES.md is out of date: UPDATE_DOCS=1 cargo test --test it policies");
}

#[test]
fn every_small_drill_of_a_part_holds_and_breaks_exactly_as_it_says() {
    let folder = root().join("scenarios/parts");
    std::thread::scope(|scope| {
        for file in std::fs::read_dir(folder).expect("a folder") {
            scope.spawn(move || holds_and_breaks(&file.expect("readable").path()));
        }
    });
}

fn holds_and_breaks(file: &Path) {
    let text = std::fs::read_to_string(file).expect("readable");
    let plan: Arc<Plan> = plan(&text);
    assert_eq!(file.file_stem().and_then(|stem| stem.to_str()), Some(&*plan.name));
    assert!(text.starts_with("# "), "{} says what it is about", plan.name);
    let done = play(&plan, plan.seed, World::Virtual);
    for result in done.board.results() {
        assert_eq!(result.verdict, Verdict::Pass, "{}: {result:?}", plan.name);
    }
    assert_eq!(audit(&done.events, &done.ledger), Vec::<String>::new(), "{}", plan.name);
    let decided = plan.breaks.iter().filter(|breaks| breaks.router.name() != CONTROL && !breaks.slos.is_empty());
    assert!(decided.count() > 0, "{} decides nothing", plan.name);
    plan.breaks.iter().for_each(|breaks| breaks_as_it_says(&plan, breaks));
}
