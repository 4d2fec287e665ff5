//! What must fail under a lesser router: each line is one of the scenario's own assertions, once.

use crate::event::Name;
use crate::scenario::plan::Breaks;
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::spec;
use crate::scenario::units::shown;
use crate::words;

pub(super) fn check(breaks: &[spec::breaks::Breaks], slos: &[At<String>], sink: &Sink<'_>) -> Vec<Breaks> {
    let known: Vec<&str> = slos.iter().map(|slo| slo.value.trim()).collect();
    let resolved = |breaks: &spec::breaks::Breaks| {
        let mut named: Vec<(&str, &Span)> = Vec::new();
        for line in &breaks.slos {
            let Some(found) = known.iter().find(|slo| same(slo, &line.value)) else {
                let message = format!("{} is none of the assertions under `slos`", shown(&line.value));
                sink.error(&line.at, message, words::help(&line.value, known.iter().copied()));
                continue;
            };
            match named.iter().find(|(slo, _)| slo == found) {
                Some((_, first)) => {
                    let problem = Problem::error(sink.source, &line.at, "this assertion is named twice");
                    sink.push(problem.related(sink.source, first, "the first").help("keep one of the two"));
                }
                None => named.push((*found, &line.at)),
            }
        }
        Breaks { router: breaks.router, slos: named.into_iter().map(|(slo, _)| Name::from(slo)).collect() }
    };
    breaks.iter().map(resolved).collect()
}

/// Whether two lines differ by blanks at most.
fn same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}
