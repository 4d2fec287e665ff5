//! The router's account held against the mocks' ledger.
//!
//! The two are written by different sides of a connection and share nothing but the request's key and, for tool calls
//! that come whole, how a text is cut into tokens; so where they agree both are right. The pairing, per attempt:
//!
//! | the router says | the ledger must say |
//! | --- | --- |
//! | `connect`, no connection stood (refused, connect timeout) | nothing |
//! | no head, on a provider that is deaf or resets whoever connects | nothing, or as below |
//! | anything else | exactly one entry with the same target, request and attempt |
//! | a status | the same status |
//! | no status | none, or a head that was on its way when the connection ended |
//! | `ok` | complete; for a stream, as many tokens |
//! | `ok`, where only what follows the answer was spoilt | as the fault has it: ended early, cut or hung up |
//! | `malformed`, a plain body that is well framed and too short | ended early |
//! | `connect`, reset | reset |
//! | `interrupted` | cut or ended early; complete where the answer itself lacked its finish, or everything |
//! | `timeout`, `cancelled` | client hung up, or complete at the very instant |
//! | any class under an error status | complete, or hung up on while its body was under way |
//! | an error inside a 200 | complete, or client hung up |
//!
//! Health checks pair likewise, by the key that only they have.
//!
//! An entry that no attempt claims is always a discrepancy. The log must also be whole in itself: `seq` without a gap,
//! every arrival with its one end, every attempt with its start and its end, the counts in `ended` right, and the end of
//! the drill last.

use crate::event::{Class, Event, EventKind, Micros, Name, RequestId, check_key};
use crate::transport::SendError;
use mock_providers::fault::Door;
use mock_providers::ledger::{End, Entry};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that does not add up, in words; empty when the two accounts agree. The log must be that of a drill that
/// ran to its end.
#[must_use]
pub fn audit(events: &[Event], ledger: &[Entry]) -> Vec<String> {
    let mut audit = Audit::default();
    for (index, event) in events.iter().enumerate() {
        audit.expect(event.seq == index as u64, || format!("line {index} has seq {}", event.seq));
        audit.read(event);
    }
    let closed = matches!(events.last().map(|e| &e.kind), Some(EventKind::DrillEnded { interrupted: false }));
    audit.expect(closed, || "the log does not end with the end of the drill".to_owned());
    audit.close();
    audit.pair(ledger);
    audit.found
}

type Key = (Name, RequestId, u32);

/// A health check: the key in its request, which names the target, and its number.
type Check = (String, u32);

#[derive(Debug)]
struct Attempt {
    class: Class,
    status: Option<u16>,
    tokens: u32,
    detail: Name,
    dispatched: Micros,
    ended: Micros,
}

#[derive(Debug, Default)]
struct Audit {
    found: Vec<String>,
    requests: BTreeMap<RequestId, Request>,
    started: BTreeMap<Key, Micros>,
    attempts: BTreeMap<Key, Attempt>,
    checks: BTreeMap<Check, Attempt>,
    /// Listeners that took connections and heard nobody.
    unheard: Vec<Unheard>,
}

/// A time in which requests to some providers got lost before anybody had read them.
#[derive(Debug)]
struct Unheard {
    fault: u32,
    door: Door,
    providers: Vec<Name>,
    from: Micros,
    until: Option<Micros>,
}

impl Unheard {
    /// The door that a fault's label tells of.
    fn door(label: &str) -> Option<Door> {
        match label {
            "reset on accept" => Some(Door::Reset),
            "deaf" => Some(Door::Deaf),
            _ => None,
        }
    }

    fn explains(&self, target: &str, attempt: &Attempt) -> bool {
        let on = target.split_once('/').is_some_and(|(provider, _)| self.providers.iter().any(|p| **p == *provider));
        let meanwhile = self.from <= attempt.ended && self.until.is_none_or(|until| attempt.dispatched <= until);
        let like_it = match attempt.class {
            Class::Connect => true,
            Class::Timeout | Class::Cancelled => self.door == Door::Deaf,
            _ => false,
        };
        on && meanwhile && like_it && attempt.status.is_none()
    }
}

#[derive(Debug, Default)]
struct Request {
    /// Called and not left since; only a retry comes back to it, or finds that it may not.
    just_called: Option<Name>,
    ends: u32,
    attempts: u32,
    retries: u32,
    /// By the client.
    asked_again: u32,
    moves: u32,
    /// Targets called.
    used: BTreeSet<Name>,
    attempts_told: u32,
    hops_told: u32,
}

impl Audit {
    fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.found.push(otherwise());
        }
    }

    fn request(&mut self, id: RequestId) -> &mut Request {
        if !self.requests.contains_key(&id) {
            self.found.push(format!("request {id} does something before it arrives"));
        }
        self.requests.entry(id).or_default()
    }

    fn read(&mut self, event: &Event) {
        match &event.kind {
            EventKind::FaultStarted { fault, label, providers } => {
                if let Some(door) = Unheard::door(label) {
                    let (fault, providers, from) = (*fault, providers.clone(), event.at);
                    self.unheard.push(Unheard { fault, door, providers, from, until: None });
                }
            }
            EventKind::FaultEnded { fault } => {
                let open = |u: &&mut Unheard| u.fault == *fault && u.until.is_none();
                if let Some(unheard) = self.unheard.iter_mut().find(open) {
                    unheard.until = Some(event.at);
                }
            }
            EventKind::Arrived { request, .. } => {
                let new = self.requests.insert(*request, Request::default()).is_none();
                self.expect(new, || format!("request {request} arrives twice"));
            }
            EventKind::AttemptStarted { request, target, attempt, .. } => {
                let told = self.request(*request);
                told.attempts += 1;
                told.used.insert(Arc::clone(target));
                let new = self.started.insert((Arc::clone(target), *request, *attempt), event.at).is_none();
                self.expect(new, || format!("{target} attempt {attempt} of {request} starts twice"));
            }
            EventKind::AttemptEnded { request, target, attempt, dispatched, class, status, tokens, detail, .. } => {
                self.request(*request).just_called = Some(Arc::clone(target));
                let key = (Arc::clone(target), *request, *attempt);
                let start = self.started.get(&key).copied();
                self.expect(start.is_some_and(|at| *dispatched <= at && at <= event.at), || {
                    format!("{target} attempt {attempt} of {request} ends without the start it tells of")
                });
                let ended = Attempt {
                    class: *class,
                    status: *status,
                    tokens: *tokens,
                    detail: Arc::clone(detail),
                    dispatched: *dispatched,
                    ended: event.at,
                };
                let new = self.attempts.insert(key, ended).is_none();
                self.expect(new, || format!("{target} attempt {attempt} of {request} ends twice"));
            }
            EventKind::HealthChecked { target, replica, check, dispatched, class, status, detail, .. } => {
                let ended = Attempt {
                    class: *class,
                    status: *status,
                    tokens: 0,
                    detail: Arc::clone(detail),
                    dispatched: *dispatched,
                    ended: event.at,
                };
                let new = self.checks.insert((check_key(*replica, target), *check), ended).is_none();
                self.expect(new, || format!("check {check} of {target} is told twice"));
            }
            EventKind::Retried { request, .. } => {
                let told = self.request(*request);
                told.retries += 1;
                told.just_called = None;
            }
            EventKind::ClientRetried { request, .. } => {
                let told = self.request(*request);
                told.asked_again += 1;
                told.just_called = None;
            }
            EventKind::Skipped { request, target, .. } => {
                let again = self.request(*request).just_called.as_ref() == Some(target);
                self.expect(!again, || format!("{target} is passed over right after {request} called it"));
            }
            EventKind::FellBack { request, .. } => self.request(*request).moves += 1,
            EventKind::Ended { request, hops, attempts, .. } => {
                let (hops, attempts) = (*hops, *attempts);
                let told = self.request(*request);
                told.ends += 1;
                (told.hops_told, told.attempts_told) = (hops, attempts);
            }
            _ => {}
        }
    }

    fn close(&mut self) {
        for (key, _) in std::mem::take(&mut self.started) {
            let ended = self.attempts.contains_key(&key);
            self.expect(ended, || format!("{} attempt {} of {} never ends", key.0, key.2, key.1));
        }
        for (id, r) in std::mem::take(&mut self.requests) {
            self.expect(r.ends == 1, || format!("request {id} ends {} times", r.ends));
            self.expect(r.attempts == r.attempts_told, || {
                format!("request {id} tells of {} attempts and made {}", r.attempts_told, r.attempts)
            });
            self.expect(r.hops_told as usize == r.used.len(), || {
                format!("request {id} tells of {} hops and used {:?}", r.hops_told, r.used)
            });
            // Each call after the first on a target follows a retry, each first call on a further target a move, and
            // each time the client asks there may be a first one.
            self.expect(r.attempts <= r.retries + r.moves + r.asked_again + 1, || {
                format!("request {id} made {} attempts on {} retries and {} moves", r.attempts, r.retries, r.moves)
            });
        }
    }

    fn pair(&mut self, ledger: &[Entry]) {
        let mut attempts = std::mem::take(&mut self.attempts);
        for entry in ledger {
            if let Some(told) = self.checks.remove(&(entry.request.clone(), entry.attempt)) {
                if let Err(why) = agree(&told, entry) {
                    self.found.push(format!("{} {}: {why}", entry.request, entry.attempt));
                }
                continue;
            }
            let target: Name = format!("{}/{}", entry.provider, entry.model).into();
            let Ok(request) = entry.request.parse() else {
                self.found.push(format!("{target} got a request without a key: {}", entry.request));
                continue;
            };
            match attempts.remove(&(Arc::clone(&target), request, entry.attempt)) {
                None => {
                    self.found.push(format!("{target} saw attempt {} of {request}, the router did not", entry.attempt));
                }
                Some(attempt) => {
                    if let Err(why) = agree(&attempt, entry) {
                        self.found.push(format!("{target} attempt {} of {request}: {why}", entry.attempt));
                    }
                }
            }
        }
        for ((target, request, attempt), told) in attempts {
            self.expect(self.may_be_unheard(&target, &told), || {
                format!(
                    "the router tells of attempt {attempt} of {request} to {target} ({}), the ledger does not",
                    told.class
                )
            });
        }
        for ((key, check), told) in std::mem::take(&mut self.checks) {
            let target = key.split_once(':').map_or("", |(_, target)| target);
            self.expect(self.may_be_unheard(target, &told), || {
                format!("the router tells of {key} {check} ({}), the ledger does not", told.class)
            });
        }
    }

    /// Whether a call may have reached nobody.
    fn may_be_unheard(&self, target: &str, told: &Attempt) -> bool {
        let never_there = [SendError::Refused, SendError::ConnectTimeout].iter().any(|e| e.as_str() == &*told.detail);
        never_there || self.unheard.iter().any(|u| u.explains(target, told))
    }
}

fn agree(router: &Attempt, entry: &Entry) -> Result<(), String> {
    let clash = |what: &str| Err(format!("{what}: router {router:?}, ledger {entry:?}"));
    let injected = entry.injected.unwrap_or_default();
    let ends: &[End] = match (router.class, router.status) {
        (Class::Ok, _) => whole_despite(injected, entry.stream),
        (Class::Connect, _) => &[End::Reset],
        (Class::Interrupted, Some(200)) if matches!(injected, "no_finish" | "empty_body") => &[End::Complete],
        (Class::Interrupted, Some(200)) => &[End::Cut, End::EarlyEnd],
        (Class::Timeout | Class::Cancelled, _) => &[End::HungUp, End::Complete],
        (Class::Malformed, Some(200)) if matches!(injected, "early_end" | "wrong_length") && !entry.stream => {
            &[End::EarlyEnd]
        }
        _ => &[End::Complete, End::HungUp],
    };
    if !ends.contains(&entry.end) {
        return clash("different endings");
    }
    // What leaves at the very instant at which the router gives up may be a whole answer.
    let on_its_way = router.status.is_none()
        && (entry.end == End::HungUp
            || (matches!(router.class, Class::Timeout | Class::Cancelled) && entry.head_us == Some(router.ended.0)));
    if router.status != entry.status && !on_its_way {
        return clash("different statuses");
    }
    let as_it_was_asked = entry.stream && injected != "unstreamed";
    if router.class == Class::Ok && as_it_was_asked && router.tokens != entry.tokens {
        return clash("different numbers of tokens");
    }
    if entry.received_us < router.dispatched.0 || entry.received_us > router.ended.0 {
        return clash("received outside the attempt");
    }
    Ok(())
}

/// How the provider may have ended an answer that the router took for whole: a stream is, from its finish reason on.
fn whole_despite(injected: &str, stream: bool) -> &'static [End] {
    match injected {
        "no_terminator" | "early_end" if stream => &[End::Complete, End::EarlyEnd],
        "cut" if stream => &[End::Complete, End::Cut],
        "stall" if stream => &[End::Complete, End::HungUp],
        "left_open" => &[End::Complete, End::HungUp],
        _ => &[End::Complete],
    }
}
