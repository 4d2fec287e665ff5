//! What a drill did not rehearse: faults that hit nobody, assertions without samples, targets and chains that nobody
//! used. A drill that passes with a long list here has proved little.
//!
//! It only tells; a vacuous fault does not change the verdict (an assertion without samples does, as inconclusive).

use super::explain::{SloResult, Verdict};
use super::facts::Facts;
use crate::event::Name;
use std::collections::BTreeSet;

/// Sentences about what was not rehearsed, in the order of the plan.
///
/// `fired` are the ids of the faults that changed at least one request (from the mocks' ledger, refused connections
/// included), `called` the targets that got at least one call ([`Board::called`](super::Board::called)).
#[must_use]
pub fn vacuity(facts: &Facts, fired: &BTreeSet<u32>, called: &BTreeSet<Name>, slos: &[SloResult]) -> Vec<String> {
    let mut found = Vec::new();
    for fault in facts.faults.iter().filter(|f| !fired.contains(&f.id)) {
        let on = fault.providers.iter().map(|p| &**p).collect::<Vec<_>>().join(", ");
        let (from, until) = (fault.from.as_secs_f64(), fault.until.as_secs_f64());
        found.push(format!(
            "the fault `{}` on {on} ({from:.0}s to {until:.0}s) hit nobody: no request reached it while it was on",
            fault.label
        ));
    }
    for slo in slos.iter().filter(|s| s.verdict == Verdict::Inconclusive) {
        let why = slo.why.as_ref().map_or("", |w| &w.summary);
        found.push(format!("`{}` proves nothing: {why}", slo.text));
    }
    let unused = |target: &Name| !called.contains(target);
    for chain in facts.chains.iter().filter(|c| c.targets.iter().all(unused)) {
        found.push(format!("the chain `{}` was not used: none of its targets got a call", chain.name));
    }
    for target in facts.targets.iter().filter(|t| unused(t)) {
        found.push(format!("the target {target} was not used: it got no call"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::ChainFact;
    use crate::slo::testing::{CLAUDE, GPT, Log, MINI, facts};

    #[test]
    fn faults_assertions_chains_and_targets_that_nobody_met_are_told() {
        let mut log = Log::new();
        log.served(1, 1_000, 500).finish();
        let board = log.board(&["availability >= 99%", "p95(latency) < 4s", "opens_within(openai) <= 8s"]);
        let chain = |name: &str, targets: &[&str]| ChainFact {
            name: name.into(),
            targets: targets.iter().map(|t| Name::from(*t)).collect(),
        };
        let chains = vec![chain("premium", &[GPT, CLAUDE]), chain("cheap", &[MINI, CLAUDE])];
        let facts = Facts { chains, ..facts() };
        assert_eq!(
            vacuity(&facts, &BTreeSet::new(), &board.called(), &board.results()),
            [
                "the fault `503` on openai (20s to 60s) hit nobody: no request reached it while it was on",
                "`p95(latency) < 4s` proves nothing: 200 samples are needed for this percentile, there are 1",
                "`opens_within(openai) <= 8s` proves nothing: no fault on openai began",
                "the chain `cheap` was not used: none of its targets got a call",
                "the target openai/gpt-4o-mini was not used: it got no call",
                "the target anthropic/claude-sonnet-4 was not used: it got no call",
            ]
        );
    }

    #[test]
    fn a_drill_that_rehearsed_everything_leaves_nothing_to_say() {
        let mut log = Log::new();
        log.served(1, 1_000, 500).call(1, 1_000, MINI).call(1, 1_000, CLAUDE).finish();
        let board = log.board(&["availability >= 99%"]);
        let said = vacuity(board.facts(), &BTreeSet::from([0]), &board.called(), &board.results());
        assert_eq!(said, Vec::<String>::new());
    }
}
