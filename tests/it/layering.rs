//! The rooms of `src/` and who may look into whom. Imports point one way, from the outside in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may import, as drawn in `ARCHITECTURE.md`.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("words", &[]),
    ("event", &[]),
    ("runtime", &["event"]),
    ("tasks", &["event"]),
    ("stats", &["event"]),
    ("provider", &["event"]),
    ("transport", &["runtime"]),
    ("router", &["event", "runtime", "provider", "transport"]),
    ("load", &["event", "runtime", "router", "tasks"]),
    ("slo", &["event", "stats", "words"]),
    ("observe", &["event", "runtime", "transport"]),
    ("scenario", &["event", "load", "observe", "router", "slo", "tasks", "words"]),
    (
        "engine",
        &["event", "load", "provider", "report", "router", "runtime", "scenario", "slo", "stats", "tasks", "transport"],
    ),
    ("oracle", &["event", "transport"]),
    ("report", &["event", "slo", "stats"]),
    ("tui", &["engine", "event", "router", "scenario", "stats"]),
    ("cli", &["engine", "event", "observe", "report", "router", "scenario", "slo", "stats", "tui", "words"]),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The first segment after `crate::`, everywhere in a file but in comments and its tests; braces after `crate::` are
/// opened.
fn imports(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let name = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or("").split(',').map(|p| name(p.trim())).collect(),
            None => vec![name(rest)],
        })
        .filter(|n| !n.is_empty())
        .collect()
}

#[test]
fn no_room_looks_into_a_room_further_out() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_IMPORT.iter().map(|(room, may)| (*room, may.iter().copied().collect())).collect();
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 40, "the sources are found");
    for file in files {
        let inside = file.strip_prefix(&src).expect("below src");
        let room = inside.components().next().expect("a name").as_os_str().to_string_lossy().replace(".rs", "");
        let of_tests = ["tests", "testing", "fixtures"].iter().any(|t| inside.to_string_lossy().contains(t));
        if of_tests || room == "main" || room == "lib" {
            continue;
        }
        let may = allowed.get(room.as_str()).unwrap_or_else(|| panic!("{room} is a new room: say what it may import"));
        for import in imports(&fs::read_to_string(&file).expect("readable")) {
            let known = allowed.contains_key(import.as_str());
            assert!(
                import == room || (known && may.contains(import.as_str())),
                "{} imports crate::{import}, which {room} may not",
                inside.display()
            );
        }
    }
}

#[test]
fn the_policy_knows_nothing_but_the_shared_words() {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/router/policy");
    let mut files = Vec::new();
    sources(&policy, &mut files);
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        for forbidden in ["tokio", "hyper", "axum", "async "] {
            assert!(!text.contains(&format!("use {forbidden}")) && !text.contains("async fn"), "{}", file.display());
        }
        for import in imports(&text) {
            assert_eq!(import, "event", "{}", file.display());
        }
    }
}

#[test]
fn the_allowed_imports_have_no_cycle() {
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    while placed.len() < MAY_IMPORT.len() {
        let next =
            MAY_IMPORT.iter().find(|(room, may)| !placed.contains(room) && may.iter().all(|m| placed.contains(m)));
        placed.insert(next.unwrap_or_else(|| panic!("a cycle among the rooms outside {placed:?}")).0);
    }
}
