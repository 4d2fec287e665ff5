//! Routers side by side on the same drills and the same luck.
//!
//! - `availability`, `p99`: as everywhere. - `amplification`: HTTP calls ÷ requests.
//! - `wasted`: what the providers ask for calls whose answer nobody was served, of all they ask. A provider that breaks
//!   an answer off asks for what it sent.
//! - `off-schema`: answers served that break their schema. - `half`: beginnings served for the whole answer.
//! - `blocks rerouted`: requests that were sent somewhere else after a content filter had blocked them.

use crate::event::{Class, Event, EventKind, Judged, Micros, Name, Outcome, RequestId};
use crate::slo::{Percentile, available};
use mock_providers::ledger::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What came of one router's drills.
#[derive(Debug, Clone, Default)]
pub struct Worth {
    requests: u64,
    counted: u64,
    good: u64,
    attempts: u64,
    /// Of answered requests, in microseconds.
    latencies: Vec<u64>,
    cost: f64,
    wasted: f64,
    off_schema: u64,
    half: u64,
    rerouted: u64,
}

impl Worth {
    /// What came of one drill, from both of its accounts.
    #[must_use]
    pub fn of(events: &[Event], ledger: &[Entry]) -> Self {
        let mut worth = Self::default();
        let mut blocked: BTreeMap<RequestId, bool> = BTreeMap::new();
        let mut last: BTreeMap<RequestId, (Name, u32)> = BTreeMap::new();
        let mut served: BTreeSet<(String, String)> = BTreeSet::new();
        for event in events {
            match &event.kind {
                EventKind::Arrived { .. } => worth.requests += 1,
                EventKind::AttemptStarted { request, target, attempt, .. } => {
                    worth.attempts += 1;
                    last.insert(*request, (target.clone(), *attempt));
                    let rerouted = blocked.get_mut(request).is_some_and(|told| !std::mem::replace(told, true));
                    worth.rerouted += u64::from(rerouted);
                }
                EventKind::AttemptEnded { request, class: Class::ContentPolicy, .. } => {
                    blocked.entry(*request).or_default();
                }
                EventKind::Ended { request, outcome, latency, judged, .. } => {
                    worth.ended(*outcome, *latency, *judged);
                    if let Some((target, attempt)) = last.remove(request).filter(|_| *outcome == Outcome::Answered) {
                        served.insert((format!("{request};{attempt}"), target.to_string()));
                    }
                }
                _ => {}
            }
        }
        for entry in ledger {
            worth.cost += entry.cost;
            let call = (format!("{};{}", entry.request, entry.attempt), format!("{}/{}", entry.provider, entry.model));
            if !served.contains(&call) {
                worth.wasted += entry.cost;
            }
        }
        worth
    }

    fn ended(&mut self, outcome: Outcome, latency: Micros, judged: Option<Judged>) {
        if let Some(good) = available(outcome, judged) {
            self.counted += 1;
            self.good += u64::from(good);
        }
        if outcome.is_answer() {
            self.latencies.push(latency.0);
        }
        self.off_schema += u64::from(judged == Some(Judged::SchemaViolation));
        self.half += u64::from(judged == Some(Judged::Truncated));
    }

    /// Adds what came of another drill.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.counted += other.counted;
        self.good += other.good;
        self.attempts += other.attempts;
        self.latencies.extend_from_slice(&other.latencies);
        self.cost += other.cost;
        self.wasted += other.wasted;
        self.off_schema += other.off_schema;
        self.half += other.half;
        self.rerouted += other.rerouted;
    }

    fn cells(&self) -> [String; 7] {
        let share = |part: f64, of: f64| if of > 0.0 { format!("{:.2}%", part / of * 100.0) } else { "-".to_owned() };
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let rank = Percentile::new(99_000).map(|p| p.rank(latencies.len() as u64)).unwrap_or_default();
        let p99 = usize::try_from(rank).ok().and_then(|rank| latencies.get(rank.checked_sub(1)?));
        [
            share(self.good as f64, self.counted as f64),
            p99.map_or_else(|| "-".to_owned(), |micros| format!("{:.2}s", *micros as f64 / 1e6)),
            format!("{:.2}", self.attempts as f64 / self.requests.max(1) as f64),
            share(self.wasted, self.cost),
            self.off_schema.to_string(),
            self.half.to_string(),
            self.rerouted.to_string(),
        ]
    }
}

const HEAD: [&str; 9] =
    ["drill", "router", "availability", "p99", "amplification", "wasted", "off-schema", "half", "blocks rerouted"];

/// The table, in Markdown that lines up: a row for each drill and router, in the order given.
#[must_use]
pub fn table(rows: &[(String, &str, &Worth)]) -> String {
    let mut lines: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec()];
    for (drill, router, worth) in rows {
        lines.push([drill.clone(), (*router).to_owned()].into_iter().chain(worth.cells()).collect());
    }
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|i| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0)).collect();
    let row = |line: &Vec<String>| {
        let cell = |(i, text): (usize, &String)| match i {
            0 | 1 => format!(" {text:0$} |", widths[i]),
            _ => format!(" {text:>0$} |", widths[i]),
        };
        format!("|{}\n", line.iter().enumerate().map(cell).collect::<String>())
    };
    let dashes = |(i, width): (usize, &usize)| if i < 2 { "-".repeat(width + 2) } else { "-".repeat(width + 1) + ":" };
    let rule: Vec<String> = widths.iter().enumerate().map(dashes).collect();
    let (head, body) = lines.split_at(1);
    let head: String = head.iter().map(row).collect();
    format!("{head}|{}|\n{}", rule.join("|"), body.iter().map(row).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slo::testing::{CLAUDE, GPT, Log};
    use mock_providers::ledger::End;

    fn entry(request: &str, attempt: u32, target: &str, cost: f64) -> Entry {
        let (provider, model) = target.split_once('/').unwrap();
        Entry {
            provider: provider.into(),
            model: model.to_owned(),
            request: request.to_owned(),
            attempt,
            received_us: 0,
            stream: false,
            fault: None,
            injected: None,
            status: Some(200),
            head_us: None,
            ended_us: 0,
            prompt_tokens: 0,
            tokens: 0,
            cost,
            end: End::Complete,
        }
    }

    #[test]
    fn what_is_asked_for_calls_that_served_nobody_is_wasted() {
        let mut log = Log::new();
        log.arrive(1, 1000).lone_call(1, 1000, 100, GPT, Class::Schema).call(1, 1100, GPT).answered(
            1,
            1500,
            Judged::Right,
        );
        log.lost(2, 1000, 100);
        let ledger = [entry("0-1", 1, GPT, 1.0), entry("0-1", 2, GPT, 2.0), entry("0-2", 1, GPT, 1.0)];
        assert_eq!(Worth::of(&log.events(), &ledger).cells()[3], "50.00%");
    }

    #[test]
    fn a_block_that_is_sent_elsewhere_counts_once_and_the_table_lines_up() {
        let mut log = Log::new();
        log.arrive(1, 1000)
            .lone_call(1, 1000, 100, GPT, Class::ContentPolicy)
            .call(1, 1200, CLAUDE)
            .call(1, 1300, CLAUDE);
        log.answered(1, 1900, Judged::SchemaViolation).served(2, 1000, 400);
        log.arrive(3, 1000).lone_call(3, 1000, 100, GPT, Class::ContentPolicy).surfaced(3, 1100, Class::ContentPolicy);
        let worth = Worth::of(&log.events(), &[]);
        let mut twice = worth.clone();
        twice.add(&worth);
        insta::assert_snapshot!(table(&[("filter".to_owned(), "naive", &worth), ("all".to_owned(), "naive", &twice)]));
    }
}
