//! `FAULTS.md` is written from the registry.

use mock_providers::fault::{Arg, Family, Kind, Param, Takes, registry};
use std::fmt::Write;

const INTRO: &str = "\
# Faults

What a mock can be told to do wrong, family by family. Written from the registry of the faults by
`UPDATE_DOCS=1 cargo test -p mock_providers catalogue`; do not edit.

In a scenario a fault says to whom, when, and what:

```yaml
faults:
  - { on: openai, during: outage, inject: { cut: { after_tokens: 5, inside: character } } }
  - { on: anthropic, at: 30s, for: 10s, share: 20%, inject: status_529 }
```

Three ways to say what is injected, all of which mean the same:

| way | example |
| --- | --- |
| a word: a kind, a kind and its main value, or a cause | `cut`, `status_503`, `schema_missing`, `rate_limited` |
| the kind with its main value, then others | `{ cut: 5, inside: character }` |
| the kind with its values by name | `{ cut: { after_tokens: 5, inside: character } }` |

The first parameter of a table is the main one. What has no default and is not said does not apply.
";

const TITLES: [&str; 6] = ["Connection", "Latency", "Error", "Transfer", "Content", "Provider"];

fn wait(wait: std::time::Duration) -> String {
    format!("{wait:?}")
}

fn takes(param: &Param) -> String {
    match param.takes {
        Takes::Count(least, most) => format!("{least} to {most}"),
        Takes::Number(least, most) => format!("a number from {least} to {most}"),
        Takes::Share => "a share, 0% to 100%".to_owned(),
        Takes::Wait => "a time".to_owned(),
        Takes::Distribution => "a time, or a distribution of times".to_owned(),
        Takes::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" "),
    }
}

fn default(param: &Param) -> String {
    match (param.default, param.takes) {
        (None, _) => "–".to_owned(),
        (Some(Arg::Number(share)), Takes::Share) => format!("`{}%`", share * 100.0),
        (Some(Arg::Number(number)), _) => format!("`{number}`"),
        (Some(Arg::Count(count)), _) => format!("`{count}`"),
        (Some(Arg::Wait(time)), _) => format!("`{}`", wait(time)),
        (Some(Arg::Distribution(distribution)), _) => format!("`{}ms`", distribution.median_ms()),
        (Some(Arg::Word(word)), _) => format!("`{word}`"),
    }
}

fn section(out: &mut String, kind: &Kind) {
    writeln!(out, "\n### `{}`\n\n{}\n\n```yaml\ninject: {}\n```", kind.name, kind.about, kind.example).unwrap();
    if kind.takes.is_empty() {
        return;
    }
    writeln!(out, "\n| parameter | takes | default | |\n| --- | --- | --- | --- |").unwrap();
    for param in kind.takes {
        writeln!(out, "| `{}` | {} | {} | {} |", param.name, takes(param), default(param), param.about).unwrap();
    }
}

fn written() -> String {
    let mut out = INTRO.to_owned();
    for ((family, about), title) in Family::ALL.into_iter().zip(TITLES) {
        writeln!(out, "\n## {title}\n\n{about}").unwrap();
        for kind in registry::ALL.iter().filter(|kind| kind.family == family) {
            section(&mut out, kind);
        }
    }
    out
}

#[test]
fn the_list_of_faults_is_the_registrys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/FAULTS.md");
    let wanted = written();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "FAULTS.md is not what the registry says: run UPDATE_DOCS=1 cargo test -p mock_providers");
}
