//! The ledger: what the mocks received and what they did, attempt by attempt.
//!
//! It is the oracle of every drill. The router's own account must pair with it line by line, so it is written from
//! the provider's side only and knows nothing of the router.

use serde::Serialize;
use std::sync::{Arc, Mutex};

/// One request as a provider saw it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// The provider's name.
    pub provider: Arc<str>,
    /// The model that was asked for, as it stood in the request.
    pub model: String,
    /// The request's key, from `x-hopdrill-key` or derived from the request itself.
    pub request: String,
    /// The n-th call of this request to this target, from 1.
    pub attempt: u32,
    /// When the request had been read, in microseconds from the start of the drill.
    pub received_us: u64,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The fault (its id in the script) that was injected.
    pub fault: Option<u32>,
    /// What was injected, by its short name. Without a fault it is the model's own lapse (its schema adherence).
    pub injected: Option<&'static str>,
    /// The status, once a head was sent.
    pub status: Option<u16>,
    /// When the head was sent.
    pub head_us: Option<u64>,
    /// When the exchange ended, whichever way.
    pub ended_us: u64,
    /// Tokens of the prompt, once it had been read.
    pub prompt_tokens: u32,
    /// Tokens of answer text that were handed to the connection.
    pub tokens: u32,
    /// What the provider asks for it, in dollars: prompt and answer as far as it came. Errors cost nothing.
    pub cost: f64,
    /// How the exchange ended.
    pub end: End,
}

/// How an exchange ended, from the provider's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The whole answer was sent, error answers included.
    Complete,
    /// The provider reset the connection before any response.
    Reset,
    /// The provider broke the connection in the middle of the body.
    Cut,
    /// The provider ended the body cleanly and too early.
    EarlyEnd,
    /// The client went away first.
    HungUp,
}

/// A shared, append-only list of [`Entry`]s.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Mutex<Vec<Entry>>,
}

impl Ledger {
    /// Appends an entry.
    pub fn write(&self, entry: Entry) {
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(entry);
    }

    /// All entries, ordered by arrival time, then provider, request and attempt.
    pub fn entries(&self) -> Vec<Entry> {
        let mut all = self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        all.sort_by(|a, b| {
            (a.received_us, &a.provider, &a.request, a.attempt).cmp(&(
                b.received_us,
                &b.provider,
                &b.request,
                b.attempt,
            ))
        });
        all
    }
}
