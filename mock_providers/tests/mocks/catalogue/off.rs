//! Off means off.

use super::inject::done;
use crate::bench::{Ask, Bench, fault, ms, plain, stream};
use mock_providers::fault::{Effect, Endpoint, Fault, Pick, Shape, registry};
use mock_providers::{Dialect, Script};

/// A fault of every kind, as its example has it.
fn one_of_each() -> Vec<Fault> {
    (0..).zip(registry::ALL).map(|(id, kind)| Fault { id, ..fault(done(kind.example)) }).collect()
}

/// All the ways in which faults can be there and not be meant. What concerns the listener asks for no request, and what
/// concerns the whole provider for no share.
fn inactive(asked_for_stream: bool) -> Vec<Script> {
    let all = |change: &dyn Fn(&mut Fault)| {
        let mut faults = one_of_each();
        faults.iter_mut().for_each(change);
        Script { faults }
    };
    let of_requests = |change: &dyn Fn(&mut Fault)| {
        let mut script = all(change);
        script.faults.retain(|fault| !matches!(fault.effect, Effect::Listener(_)));
        script
    };
    let of_shares = |change: &dyn Fn(&mut Fault)| {
        let mut script = all(change);
        script.faults.retain(|fault| matches!(fault.effect, Effect::Mix(_)));
        script
    };
    vec![
        all(&|fault| fault.from = ms(3_000_000)),
        all(&|fault| (fault.from, fault.until) = (ms(5), ms(5))),
        all(&|fault| (fault.from, fault.until) = (ms(0), ms(0))),
        of_requests(&|fault| fault.whom.models = vec!["other".into()]),
        of_requests(&|fault| fault.whom.stream = Some(!asked_for_stream)),
        of_requests(&|fault| fault.whom.keys = vec!["nobody's".into()]),
        of_requests(&|fault| fault.whom.endpoints = vec![Endpoint::Embeddings, Endpoint::Models]),
        of_requests(&|fault| fault.whom.larger_than = Some(1000)),
        of_requests(&|fault| fault.shape = Shape::Ramp),
        of_requests(&|fault| fault.shape = Shape::Sawtooth { period: ms(60_000) }),
        of_requests(&|fault| fault.shape = Shape::Diurnal { period: ms(60_000) }),
        of_shares(&|fault| fault.pick = Pick::First(0)),
        of_shares(&|fault| fault.pick = Pick::Every(2)),
        of_shares(&|fault| {
            if let Effect::Mix(parts) = &mut fault.effect {
                parts.iter_mut().for_each(|(_, share)| *share = 0.0);
            }
        }),
    ]
}

#[tokio::test(start_paused = true)]
async fn no_kind_of_fault_that_is_off_changes_a_byte_or_an_instant() {
    for dialect in Dialect::ALL {
        for ask in [plain(), stream(), Ask { schema: true, ..plain() }, Ask { schema: true, ..stream() }] {
            let mut healthy = Bench::new(dialect, Script::default());
            let seen = healthy.ask(&ask).await;
            for (n, script) in inactive(ask.stream).into_iter().enumerate() {
                assert!(script.faults.len() > registry::ALL.len() / 2);
                let mut bench = Bench::new(dialect, script);
                assert_eq!(bench.ask(&ask).await, seen, "{dialect} {n}");
                assert_eq!(bench.ledger.entries(), healthy.ledger.entries(), "{dialect} {n}");
            }
        }
    }
}

/// What is injected where a vendor has nothing that would show it: Bedrock names no model in its answers.
const INVISIBLE: &[(Dialect, &str)] = &[(Dialect::Bedrock, "wrong_model")];

#[tokio::test(start_paused = true)]
async fn what_the_ledger_says_was_injected_is_seen_and_what_it_does_not_is_not() {
    let mut wrong = Vec::new();
    for dialect in Dialect::ALL {
        for ask in [plain(), stream(), Ask { schema: true, ..plain() }] {
            let healthy = Bench::new(dialect, Script::default()).ask(&ask).await;
            for fault in one_of_each().into_iter().filter(|fault| matches!(fault.effect, Effect::Mix(_))) {
                let mut bench = Bench::new(dialect, Script { faults: vec![fault.clone()] });
                let seen = bench.ask(&ask).await;
                tokio::time::sleep(ms(1)).await;
                let entry = bench.entry();
                let injected = entry.injected.unwrap_or_default();
                let shows = entry.injected.is_some() && !INVISIBLE.contains(&(dialect, injected));
                if (seen != healthy) != shows {
                    wrong.push((dialect, ask.stream, ask.schema, injected));
                }
                assert_eq!(seen.status(), entry.status.unwrap_or_default(), "{dialect} {:?}", fault.effect);
                assert_eq!(entry.fault, entry.injected.map(|_| fault.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_example_of_every_kind_says_that_kind() {
    for kind in registry::ALL {
        assert_eq!(super::inject::said(kind.example).0.name, kind.name);
    }
}
