//! One exchange, from the moment its request has been read to its end, and the ledger entry it leaves.
//!
//! The entry is written when the exchange ends, whichever way. Dropping an exchange that has not ended means that the
//! client went away.

use super::Inner;
use super::admission::Admission;
use super::key::Key;
use crate::fault::Injection;
use crate::ledger::{End, Entry};
use crate::model::Price;
use std::sync::Arc;
use std::time::Duration;

/// The characters of a model's name that are kept.
const LONGEST: usize = 64;

pub(crate) struct Exchange {
    inner: Arc<Inner>,
    entry: Option<Entry>,
    admission: Option<Admission>,
    price: Option<Price>,
    /// Tokens that the model thought and did not say.
    thought: u32,
}

impl Exchange {
    pub(crate) fn begin(inner: Arc<Inner>, key: Key, received: Duration) -> Self {
        let entry = Entry {
            provider: inner.setup.name.clone(),
            model: String::new(),
            request: key.request,
            attempt: key.attempt,
            received_us: us(received),
            stream: false,
            fault: None,
            injected: None,
            status: None,
            head_us: None,
            ended_us: 0,
            prompt_tokens: 0,
            tokens: 0,
            cost: 0.0,
            end: End::HungUp,
        };
        Self { inner, entry: Some(entry), admission: None, price: None, thought: 0 }
    }

    /// An exchange that leaves no entry, since its request was never heard to its end.
    pub(crate) fn unheard(inner: Arc<Inner>) -> Self {
        Self { inner, entry: None, admission: None, price: None, thought: 0 }
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// The request's key; empty once the exchange has ended.
    pub(crate) fn key(&self) -> (&str, u32) {
        self.entry.as_ref().map_or(("", 0), |entry| (&entry.request, entry.attempt))
    }

    /// Notes what was asked for.
    pub(crate) fn asked(&mut self, model: &str, stream: bool, prompt_tokens: u32) {
        if let Some(entry) = &mut self.entry {
            entry.model = model.chars().take(LONGEST).collect();
            entry.stream = stream;
            entry.prompt_tokens = prompt_tokens;
        }
    }

    /// Notes what the request holds until it ends.
    pub(super) fn admitted(&mut self, admission: Admission) {
        self.admission = Some(admission);
    }

    /// Notes what its tokens will cost.
    pub(super) fn priced(&mut self, price: Price) {
        self.price = Some(price);
    }

    /// Notes what the model thought before it spoke.
    pub(super) fn thought(&mut self, tokens: u32) {
        self.thought = tokens;
    }

    /// Notes that it costs nothing after all.
    pub(super) fn costs_nothing(&mut self) {
        self.price = None;
    }

    /// What the request holds, while it does.
    pub(super) fn admission(&mut self) -> Option<&mut Admission> {
        self.admission.as_mut()
    }

    /// Notes that the script did something to this request.
    pub(crate) fn injected(&mut self, fault: u32, injection: &Injection) {
        if let Some(entry) = &mut self.entry {
            entry.fault = Some(fault);
            entry.injected = Some(injection.name());
        }
    }

    /// Notes a lapse of the model itself, which no fault of the script caused.
    pub(crate) fn lapsed(&mut self, name: &'static str) {
        if let Some(entry) = &mut self.entry {
            entry.injected = Some(name);
        }
    }

    /// Notes that the head goes out now.
    pub(crate) fn head(&mut self, status: u16) {
        let now = us(self.inner.now());
        if let Some(entry) = &mut self.entry {
            entry.status = Some(status);
            entry.head_us = Some(now);
        }
    }

    /// Notes how many tokens have been handed over so far.
    pub(crate) fn tokens(&mut self, tokens: u32) {
        if let Some(entry) = &mut self.entry {
            entry.tokens = tokens;
        }
    }

    /// Ends the exchange. Only the first end counts.
    pub(crate) fn end(&mut self, end: End) {
        if let Some(mut entry) = self.entry.take() {
            entry.end = end;
            entry.ended_us = us(self.inner.now());
            if let Some(price) = self.price {
                entry.cost = price.of(entry.prompt_tokens, 0, entry.tokens.saturating_add(self.thought));
            }
            if let Some(admission) = self.admission.take() {
                let used = u64::from(entry.prompt_tokens) + u64::from(entry.tokens) + u64::from(self.thought);
                self.inner.leave(admission, used, end == End::HungUp);
            }
            self.inner.setup.ledger.write(entry);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end(End::HungUp);
    }
}

fn us(at: Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
}
