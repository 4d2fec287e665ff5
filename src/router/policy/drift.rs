//! Notices that a chain's first target slowly serves less and less of the chain's requests, and says which of the known
//! causes the data show.
//!
//! Each request is a coin: 1 if the first target did not serve it. A cumulative sum of log-likelihood ratios (Page's
//! CUSUM, Biometrika 41, 1954, for a Bernoulli variable as in Reynolds and Stoumbos, Journal of Quality Technology 31,
//! 1999) tells the share `p0` that was learnt from `p1 = p0 + rise`:
//!
//! ```text
//! S ← max(0, S + x·ln(p1/p0) + (1−x)·ln((1−p1)/(1−p0)))        alarm when S ≥ alarm
//! ```
//!
//! The sum forgets what is over and adds up what is small, so a shift is found however slowly it creeps in, and between
//! false alarms lie at least e^`alarm` requests in the mean (Lorden's bound). The last instant at which it was zero is
//! where the shift began, and that is what the cause is read from: the requests before it against those since. The bound
//! is for misses that come one by one; those of one bad second do not, hence the smallest share that counts as usual and
//! the requests that a shift must have lasted for.
//!
//! | cause | the data show |
//! | --- | --- |
//! | `attack` | one tenant's share of the prompt tokens has grown by [`OUTGROWN`] or more |
//! | `prompt` | failed gates are most of the failures, have risen with one task and no other, and for every tenant of it |
//! | `errors` | the first target fails more of its calls than before |
//! | `unclear` | none of these |
//!
//! The first that applies is told: traffic that outgrows a quota shows as errors too. While the target's breaker is not
//! closed nothing is counted, since that has been told already; nor are the client's own errors. An episode is told once;
//! it is over when a whole stretch of `learn` requests is nearer to `p0` than to `p1`, and what is usual is learnt anew.

use crate::event::{Class, DriftCause, Name};
use std::collections::BTreeMap;

/// When a shift is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// Requests from which the usual share is learnt, and that an episode must be over for.
    pub learn: u32,
    /// A smaller usual share counts as this one, 0 to 1.
    pub floor: f64,
    /// Requests that a shift must have lasted for: fewer are a hiccup or an outage, and too few to say why.
    pub least: u32,
    /// The smallest rise of the share that matters, 0 to 1.
    pub rise: f64,
    /// The sum at which the alarm is raised. 8 makes some 3,000 requests between false alarms at the very least.
    pub alarm: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self { learn: 300, floor: 0.02, least: 100, rise: 0.05, alarm: 8.0 }
    }
}

/// A tenant whose share has grown by so much has outgrown the others.
pub const OUTGROWN: f64 = 0.2;

/// A tenant or a task with fewer requests than this is not judged.
const FEW: u32 = 10;

/// A request that is over.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Whose.
    pub tenant: &'a Name,
    /// What kind of job.
    pub task: &'a Name,
    /// The length of its prompt, in tokens.
    pub tokens: u32,
    /// What its last call to the chain's first target meant, if there was one.
    pub class: Option<Class>,
    /// Whether the first target served it.
    pub served: bool,
}

/// The watch over one chain.
#[derive(Debug, Clone)]
pub struct Drift {
    params: Params,
    /// The usual share, once it is learnt.
    usual: Option<f64>,
    sum: f64,
    before: Mix,
    since: Mix,
    /// While an episode lasts: requests of the present stretch, and those that the first target did not serve.
    told: Option<(u32, u32)>,
}

/// What requests were like.
#[derive(Debug, Clone, Default)]
struct Mix {
    requests: u32,
    missed: u32,
    calls: u32,
    classes: BTreeMap<Class, u32>,
    tokens: BTreeMap<Name, u64>,
    /// By task and tenant: calls, and those whose answer failed a gate.
    gates: BTreeMap<(Name, Name), (u32, u32)>,
}

impl Mix {
    fn add(&mut self, seen: &Seen<'_>) {
        self.requests += 1;
        self.missed += u32::from(!seen.served);
        *self.tokens.entry(Name::clone(seen.tenant)).or_default() += u64::from(seen.tokens);
        let Some(class) = seen.class else { return };
        self.calls += 1;
        *self.classes.entry(class).or_default() += 1;
        let gate = self.gates.entry((Name::clone(seen.task), Name::clone(seen.tenant))).or_default();
        *gate = (gate.0 + 1, gate.1 + u32::from(is_gate(class)));
    }

    fn include(&mut self, other: Self) {
        self.requests += other.requests;
        self.missed += other.missed;
        self.calls += other.calls;
        for (class, n) in other.classes {
            *self.classes.entry(class).or_default() += n;
        }
        for (tenant, n) in other.tokens {
            *self.tokens.entry(tenant).or_default() += n;
        }
        for (key, (calls, failed)) in other.gates {
            let gate = self.gates.entry(key).or_default();
            *gate = (gate.0 + calls, gate.1 + failed);
        }
    }

    /// A tenant's share of the prompt tokens.
    fn share_of(&self, tenant: &Name) -> f64 {
        let all: u64 = self.tokens.values().sum();
        ratio(self.tokens.get(tenant).copied().unwrap_or_default() as f64, all as f64)
    }

    /// The share of calls that failed.
    fn failing(&self) -> f64 {
        let ok = self.classes.get(&Class::Ok).copied().unwrap_or_default();
        ratio(f64::from(self.calls - ok), f64::from(self.calls))
    }

    /// The share of failures that were failed gates.
    fn of_gates(&self) -> f64 {
        let failed = |wanted: fn(Class) -> bool| -> u32 {
            self.classes.iter().filter(|(class, _)| wanted(**class)).map(|(_, n)| n).sum()
        };
        ratio(f64::from(failed(is_gate)), f64::from(failed(|class| class != Class::Ok)))
    }

    /// Calls for a task, and those whose answer failed a gate.
    fn of_task(&self, task: &Name) -> (u32, u32) {
        let of_it = self.gates.iter().filter(|((t, _), _)| t == task);
        of_it.fold((0, 0), |(calls, failed), (_, gate)| (calls + gate.0, failed + gate.1))
    }
}

fn is_gate(class: Class) -> bool {
    matches!(class, Class::Schema | Class::Malformed)
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn share((calls, failed): (u32, u32)) -> f64 {
    ratio(f64::from(failed), f64::from(calls))
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

impl Drift {
    /// A watch that has still to learn what is usual.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self { params, usual: None, sum: 0.0, before: Mix::default(), since: Mix::default(), told: None }
    }

    /// Takes note of a request that is over. Returns why the share has grown, if it has and that is news.
    pub fn observe(&mut self, seen: &Seen<'_>) -> Option<(DriftCause, String)> {
        let Some(usual) = self.usual else {
            self.before.add(seen);
            if self.before.requests >= self.params.learn {
                // Laplace's rule: that nothing was seen does not mean that it cannot be.
                let usual = (f64::from(self.before.missed) + 1.0) / (f64::from(self.before.requests) + 2.0);
                self.usual = Some(usual.max(self.params.floor));
            }
            return None;
        };
        let shifted = (usual + self.params.rise).min(0.99);
        if let Some((requests, missed)) = &mut self.told {
            *requests += 1;
            *missed += u32::from(!seen.served);
            if *requests >= self.params.learn {
                let over = ratio(f64::from(*missed), f64::from(*requests)) < f64::midpoint(usual, shifted);
                if over { *self = Self::new(self.params) } else { self.told = Some((0, 0)) }
            }
            return None;
        }
        if shifted <= usual {
            return None;
        }
        self.since.add(seen);
        let step = if seen.served { libm::log((1.0 - shifted) / (1.0 - usual)) } else { libm::log(shifted / usual) };
        self.sum += step;
        if self.sum <= 0.0 {
            self.sum = 0.0;
            self.before.include(std::mem::take(&mut self.since));
        }
        if self.sum < self.params.alarm || self.since.requests < self.params.least {
            return None;
        }
        self.told = Some((0, 0));
        let (cause, shown) = self.cause();
        let now = ratio(f64::from(self.since.missed), f64::from(self.since.requests));
        Some((cause, format!("{} of requests are served elsewhere, usually {}: {shown}", percent(now), percent(usual))))
    }

    /// What the requests since the shift began show against those before it.
    fn cause(&self) -> (DriftCause, String) {
        let (before, since) = (&self.before, &self.since);
        let growth = |tenant: &Name| since.share_of(tenant) - before.share_of(tenant);
        let grown = since.tokens.keys().max_by(|a, b| growth(a).total_cmp(&growth(b)));
        if let Some(tenant) = grown.filter(|tenant| growth(tenant) >= OUTGROWN) {
            let (now, then) = (percent(since.share_of(tenant)), percent(before.share_of(tenant)));
            return (DriftCause::Attack, format!("{tenant} sends {now} of the tokens, {then} before"));
        }
        if let Some(shown) = self.prompt() {
            return (DriftCause::Prompt, shown);
        }
        let (now, then) = (since.failing(), before.failing());
        if now - then >= self.params.rise / 2.0 {
            let failed = since.classes.iter().filter(|(class, _)| **class != Class::Ok);
            let most = failed.max_by_key(|(_, n)| **n).map_or("", |(class, _)| class.as_str());
            let shown = format!("it fails {} of its calls, {} before, most with {most}", percent(now), percent(then));
            return (DriftCause::Errors, shown);
        }
        (DriftCause::Unclear, "neither its errors nor the traffic say why".to_owned())
    }

    /// One task whose answers fail their gates more than before, for all its tenants, while those of others do not.
    fn prompt(&self) -> Option<String> {
        let (before, since) = (&self.before, &self.since);
        if since.of_gates() <= 0.5 {
            return None;
        }
        let mut tasks: Vec<&Name> = since.gates.keys().map(|(task, _)| task).collect();
        tasks.dedup();
        let risen = |task: &Name| {
            since.of_task(task).0 >= FEW && share(since.of_task(task)) - share(before.of_task(task)) >= self.params.rise
        };
        let mut rising = tasks.into_iter().filter(|task| risen(task));
        let task = rising.next().filter(|_| rising.next().is_none())?;
        let (now, then) = (share(since.of_task(task)), share(before.of_task(task)));
        let mut tenants = since.gates.iter().filter(|((t, _), gate)| t == task && gate.0 >= FEW);
        // A third of the mean is far below what chance makes of an evenly spread failure.
        let spread = tenants.all(|(_, gate)| share(*gate) >= now / 3.0);
        spread.then(|| {
            format!(
                "{} of the answers to {task} fail their gates for every tenant, {} before",
                percent(now),
                percent(then)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mock_providers::Luck;

    /// Plays `n` requests of three tenants and two tasks; `story` says how the i-th goes, with luck in `[0, 1)`.
    struct Traffic {
        drift: Drift,
        luck: Luck,
        i: u64,
    }

    #[derive(Clone, Copy)]
    struct One {
        tenant: usize,
        task: usize,
        tokens: u32,
        class: Class,
    }

    impl Traffic {
        fn new(seed: u64) -> Self {
            Self { drift: Drift::new(Params::default()), luck: Luck::new(seed), i: 0 }
        }

        fn play(&mut self, n: u64, story: impl Fn(f64, &mut One, f64)) -> Vec<(u64, DriftCause, String)> {
            let mut told = Vec::new();
            for i in 0..n {
                self.i += 1;
                let unit = |what: &str| self.luck.unit(what, &[], &[self.i]);
                let mut one = One {
                    tenant: (unit("tenant") * 3.0) as usize,
                    task: (unit("task") * 2.0) as usize,
                    tokens: 100,
                    class: if unit("usual") < 0.01 { Class::Overloaded } else { Class::Ok },
                };
                story(i as f64 / n as f64, &mut one, unit("story"));
                let tenant = ["acme", "globex", "initech"][one.tenant].into();
                let task = ["triage", "extract"][one.task].into();
                let served = one.class == Class::Ok;
                let seen = Seen { tenant: &tenant, task: &task, tokens: one.tokens, class: Some(one.class), served };
                told.extend(self.drift.observe(&seen).map(|(cause, shown)| (i, cause, shown)));
            }
            told
        }
    }

    #[test]
    fn usual_traffic_raises_no_alarm_in_twenty_thousand_requests() {
        for seed in 0..5 {
            assert_eq!(Traffic::new(seed).play(20_000, |_, _, _| {}), []);
        }
    }

    #[test]
    fn errors_that_creep_in_are_told_once_and_by_name() {
        let mut traffic = Traffic::new(1);
        assert_eq!(traffic.play(1000, |_, _, _| {}), []);
        let creeping = |progress: f64, one: &mut One, luck: f64| {
            if luck < 0.3 * progress {
                one.class = Class::ServerError;
            }
        };
        let told = traffic.play(2000, creeping);
        let [(when, DriftCause::Errors, shown)] = &told[..] else { panic!("{told:?}") };
        assert!((200..1200).contains(when) && shown.contains("most with server_error"), "{told:?}");
        assert_eq!(traffic.play(2000, |_, one, luck| creeping(1.0, one, luck)), [], "the same episode");
    }

    #[test]
    fn a_bad_second_is_no_drift() {
        let mut traffic = Traffic::new(7);
        let mut told = traffic.play(1000, |_, _, _| {});
        for _ in 0..5 {
            told.extend(traffic.play(6, |_, one, _| one.class = Class::ServerError));
            told.extend(traffic.play(1000, |_, _, _| {}));
        }
        assert_eq!(told, []);
    }

    #[test]
    fn after_an_episode_is_over_the_next_one_is_told() {
        let mut traffic = Traffic::new(2);
        let bad = |_: f64, one: &mut One, luck: f64| {
            if luck < 0.2 {
                one.class = Class::Timeout;
            }
        };
        assert_eq!(traffic.play(1000, |_, _, _| {}), []);
        assert_eq!(traffic.play(1000, bad).len(), 1);
        assert_eq!(traffic.play(1500, |_, _, _| {}), []);
        assert_eq!(traffic.play(1000, bad).len(), 1);
    }

    #[test]
    fn a_task_whose_answers_fail_for_every_tenant_has_a_worse_prompt() {
        let mut traffic = Traffic::new(3);
        traffic.play(1000, |_, _, _| {});
        let told = traffic.play(2000, |progress, one, luck| {
            if one.task == 0 && luck < 0.5 * progress {
                one.class = Class::Schema;
            }
        });
        let [(_, DriftCause::Prompt, shown)] = &told[..] else { panic!("{told:?}") };
        assert!(shown.contains("answers to triage fail their gates for every tenant"), "{shown}");
    }

    #[test]
    fn failed_gates_of_every_task_are_the_models_and_not_the_prompts() {
        let mut traffic = Traffic::new(4);
        traffic.play(1000, |_, _, _| {});
        let told = traffic.play(2000, |progress, one, luck| {
            if luck < 0.4 * progress {
                one.class = Class::Schema;
            }
        });
        assert!(matches!(told[..], [(_, DriftCause::Errors, _)]), "{told:?}");
    }

    #[test]
    fn failed_gates_of_one_tenant_are_not_the_prompts() {
        let mut traffic = Traffic::new(5);
        traffic.play(1000, |_, _, _| {});
        let told = traffic.play(2000, |progress, one, luck| {
            if one.task == 0 && one.tenant == 1 && luck < progress {
                one.class = Class::Schema;
            }
        });
        assert!(matches!(told[..], [(_, DriftCause::Errors, _)]), "{told:?}");
    }

    #[test]
    fn one_tenant_that_outgrows_the_others_is_named() {
        let mut traffic = Traffic::new(6);
        traffic.play(1000, |_, _, _| {});
        let told = traffic.play(2000, |progress, one, luck| {
            if one.tenant == 2 {
                one.tokens = 100 + (900.0 * progress) as u32;
            }
            if luck < 0.3 * progress {
                one.class = Class::RateLimited;
            }
        });
        let [(_, DriftCause::Attack, shown)] = &told[..] else { panic!("{told:?}") };
        assert!(shown.contains("initech sends"), "{shown}");
    }

    #[test]
    fn requests_that_the_first_target_was_not_asked_for_have_no_clear_cause() {
        let mut drift = Drift::new(Params::default());
        let (tenant, task) = ("acme".into(), "chat".into());
        let seen =
            |served: bool| Seen { tenant: &tenant, task: &task, tokens: 9, class: served.then_some(Class::Ok), served };
        let told: Vec<_> = (0..900).filter_map(|i| drift.observe(&seen(i < 500 || i % 5 > 0))).collect();
        assert!(matches!(told[..], [(DriftCause::Unclear, _)]), "{told:?}");
    }
}
