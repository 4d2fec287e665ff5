//! Which alerts about one target are news.
//!
//! An alert that fires a thousand times is none, so what is told is the beginning of an episode, once, whoever meets it:
//!
//! | kind | begins with | is over when |
//! | --- | --- | --- |
//! | `breaker_open` | the breaker leaves closed | it is closed again |
//! | `auth` | a key is refused | every key that was refused has had an answer again |
//! | `quota` | a quota or a credit is used up | likewise |
//! | `retirement` | an answer announces the end of the model | an answer no longer does |
//! | `retirement` | the model is gone (told again, although it was announced) | it answers again |
//!
//! (`drift` is `drift.rs`'s, and `price_change` is told at each change of the price list, see `prices.rs`.)
//!
//! A failed probe prolongs the opening that it belongs to. A second key that is refused meanwhile belongs to the same
//! episode: the target has been pointed at already. An answer ends only what was seen before its call was made: calls that
//! were under way when a key was revoked still come back well.

use super::breaker::Transition;
use crate::event::{AlertKind, BreakerState, Class, Name};
use std::collections::BTreeMap;
use std::time::Duration;

/// What one judged call shows.
#[derive(Debug, Clone, Copy)]
pub struct Sign<'a> {
    /// What the call means.
    pub class: Class,
    /// When it was dispatched.
    pub dispatched: Duration,
    /// When it was judged.
    pub judged: Duration,
    /// Whose key it was made with.
    pub key: &'a Name,
    /// What its headers say of the end of the model, if they say anything.
    pub retires: Option<&'a str>,
}

/// Something a person should know now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What kind of thing.
    pub kind: AlertKind,
    /// Why, in a few words.
    pub cause: String,
}

/// Something that lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Condition {
    Open,
    Refused,
    Spent,
    Announced,
    Gone,
}

impl Condition {
    fn kind(self) -> AlertKind {
        match self {
            Self::Open => AlertKind::BreakerOpen,
            Self::Refused => AlertKind::Auth,
            Self::Spent => AlertKind::Quota,
            Self::Announced | Self::Gone => AlertKind::Retirement,
        }
    }
}

/// What is the matter with one target, as far as it has been told.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    /// Whom each condition has befallen, and when that was seen last; nobody is no condition.
    standing: BTreeMap<Condition, BTreeMap<Name, Duration>>,
}

impl Alerts {
    /// Takes note of a call; returns what is news.
    pub fn hear(&mut self, sign: &Sign<'_>) -> Vec<Alert> {
        let all: Name = "".into();
        let (key, at) = (sign.key, sign.judged);
        let mut news = Vec::new();
        match sign.class {
            Class::Ok => {
                self.clear(Condition::Refused, key, sign.dispatched);
                self.clear(Condition::Spent, key, sign.dispatched);
                self.clear(Condition::Gone, &all, sign.dispatched);
                if sign.retires.is_none() {
                    self.clear(Condition::Announced, &all, sign.dispatched);
                }
            }
            Class::Auth => {
                news.extend(self.raise(Condition::Refused, key, at, || format!("the key of {key} is refused")));
            }
            Class::QuotaExhausted => {
                news.extend(self.raise(Condition::Spent, key, at, || format!("the quota of {key} is used up")));
            }
            Class::ModelGone => {
                news.extend(self.raise(Condition::Gone, &all, at, || "the model is not there any more".to_owned()));
            }
            _ => {}
        }
        if let Some(said) = sign.retires {
            let cause = || format!("the model is going to be retired: {said}");
            news.extend(self.raise(Condition::Announced, &all, at, cause));
        }
        news
    }

    /// Takes note of a change of the breaker; returns what is news.
    pub fn turn(&mut self, transition: &Transition, at: Duration) -> Option<Alert> {
        let all: Name = "".into();
        match transition.to {
            BreakerState::Open => self.raise(Condition::Open, &all, at, || transition.cause.to_owned()),
            BreakerState::Closed => {
                self.clear(Condition::Open, &all, at);
                None
            }
            BreakerState::HalfOpen => None,
        }
    }

    fn raise(
        &mut self,
        condition: Condition,
        whom: &Name,
        at: Duration,
        cause: impl FnOnce() -> String,
    ) -> Option<Alert> {
        let befallen = self.standing.entry(condition).or_default();
        let news = befallen.is_empty();
        befallen.insert(Name::clone(whom), at);
        news.then(|| Alert { kind: condition.kind(), cause: cause() })
    }

    /// Forgets what was seen at `by` or before.
    fn clear(&mut self, condition: Condition, whom: &Name, by: Duration) {
        if let Some(befallen) = self.standing.get_mut(&condition)
            && befallen.get(whom).is_some_and(|seen| *seen <= by)
        {
            befallen.remove(whom);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A call that took a second.
    fn timed(alerts: &mut Alerts, class: Class, key: &str, judged: u64) -> Vec<AlertKind> {
        let (key, judged) = (key.into(), Duration::from_secs(judged));
        let dispatched = judged - Duration::from_secs(1);
        let sign = Sign { class, dispatched, judged, key: &key, retires: None };
        alerts.hear(&sign).into_iter().map(|a| a.kind).collect()
    }

    fn call(alerts: &mut Alerts, class: Class, key: &str, retires: Option<&str>) -> Vec<AlertKind> {
        let (key, at) = (key.into(), Duration::ZERO);
        let sign = Sign { class, dispatched: at, judged: at, key: &key, retires };
        alerts.hear(&sign).into_iter().map(|a| a.kind).collect()
    }

    fn moved(alerts: &mut Alerts, from: BreakerState, to: BreakerState) -> Option<Alert> {
        let transition = Transition { from, to, cause: "too many failures", probe_at: None };
        alerts.turn(&transition, Duration::ZERO)
    }

    #[test]
    fn a_refused_key_is_told_once_and_again_only_after_an_answer() {
        let mut alerts = Alerts::default();
        assert_eq!(call(&mut alerts, Class::Auth, "acme", None), [AlertKind::Auth]);
        assert_eq!(call(&mut alerts, Class::Auth, "acme", None), []);
        assert_eq!(call(&mut alerts, Class::Overloaded, "acme", None), []);
        assert_eq!(call(&mut alerts, Class::Auth, "acme", None), []);
        assert_eq!(call(&mut alerts, Class::Ok, "acme", None), []);
        assert_eq!(call(&mut alerts, Class::Auth, "acme", None), [AlertKind::Auth]);
    }

    #[test]
    fn calls_that_were_under_way_when_a_key_was_refused_end_no_episode() {
        let mut alerts = Alerts::default();
        assert_eq!(timed(&mut alerts, Class::Auth, "acme", 20), [AlertKind::Auth]);
        assert_eq!(timed(&mut alerts, Class::Ok, "acme", 20), []);
        assert_eq!(timed(&mut alerts, Class::Auth, "acme", 22), []);
        assert_eq!(timed(&mut alerts, Class::Ok, "acme", 23), []);
        assert_eq!(timed(&mut alerts, Class::Auth, "acme", 24), [AlertKind::Auth]);
    }

    #[test]
    fn the_good_keys_of_others_do_not_end_the_episode_of_a_bad_one() {
        let mut alerts = Alerts::default();
        let mut told = 0;
        for _ in 0..100 {
            told += call(&mut alerts, Class::Auth, "acme", None).len();
            told += call(&mut alerts, Class::Ok, "globex", None).len();
        }
        assert_eq!(told, 1);
    }

    #[test]
    fn a_breaker_that_opens_again_without_having_closed_is_no_news() {
        use BreakerState::{Closed, HalfOpen, Open};
        let mut alerts = Alerts::default();
        let told = moved(&mut alerts, Closed, Open);
        assert_eq!(told, Some(Alert { kind: AlertKind::BreakerOpen, cause: "too many failures".to_owned() }));
        assert_eq!(moved(&mut alerts, Open, HalfOpen), None);
        assert_eq!(moved(&mut alerts, HalfOpen, Open), None);
        assert_eq!(moved(&mut alerts, HalfOpen, Closed), None);
        assert!(moved(&mut alerts, Closed, Open).is_some());
    }

    #[test]
    fn a_retirement_is_told_when_it_is_announced_and_when_it_happens() {
        let mut alerts = Alerts::default();
        let sunset = Some("sunset Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(call(&mut alerts, Class::Ok, "acme", sunset), [AlertKind::Retirement]);
        assert_eq!(call(&mut alerts, Class::Overloaded, "acme", None), []);
        assert_eq!(call(&mut alerts, Class::Ok, "globex", sunset), []);
        assert_eq!(call(&mut alerts, Class::ModelGone, "acme", None), [AlertKind::Retirement]);
        assert_eq!(call(&mut alerts, Class::ModelGone, "globex", None), []);
        assert_eq!(call(&mut alerts, Class::Ok, "acme", None), []);
        assert_eq!(call(&mut alerts, Class::Ok, "acme", sunset), [AlertKind::Retirement]);
    }

    proptest! {
        #[test]
        fn two_alerts_of_a_kind_have_an_answer_between_them(
            calls in proptest::collection::vec((proptest::sample::select(&Class::ALL[..]), 0usize..3), 0..200),
        ) {
            let mut alerts = Alerts::default();
            let mut answered: BTreeMap<AlertKind, bool> = BTreeMap::new();
            for (class, key) in calls {
                for kind in call(&mut alerts, class, ["a", "b", "c"][key], None) {
                    prop_assert_ne!(answered.insert(kind, false), Some(false), "{:?} twice", kind);
                }
                if class == Class::Ok {
                    answered.values_mut().for_each(|a| *a = true);
                }
            }
        }
    }
}
