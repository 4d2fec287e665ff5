//! Phases follow each other without a gap.

use crate::scenario::plan::Phase;
use crate::scenario::problem::Problem;
use crate::scenario::reader::Sink;
use crate::scenario::source::Span;
use crate::scenario::spec;
use crate::scenario::units;
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) fn check(phases: &[spec::Phase], sink: &Sink<'_>) -> Vec<Phase> {
    let mut checked: Vec<Phase> = Vec::new();
    let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
    let mut from = Duration::ZERO;
    for phase in phases {
        let mut until = from + phase.length.as_ref().map_or(Duration::ZERO, |l| l.value);
        if until > units::MAX_DURATION
            && let Some(length) = &phase.length
        {
            sink.error(&length.at, "with this phase the drill is longer than a day", None);
            until = from;
        }
        let Some(name) = &phase.name else { continue };
        if let Some(first) = seen.insert(&name.value, &name.at) {
            let problem = Problem::error(sink.source, &name.at, format!("there are two phases `{}`", name.value));
            sink.push(problem.related(sink.source, first, "the first").help("give each its own name"));
        } else {
            checked.push(Phase { name: name.value.as_str().into(), from, until });
        }
        from = until;
    }
    checked
}
