//! Load streams: the rate of each over the whole drill.

use super::resolve;
use crate::load::{Segment, Stream};
use crate::router::Traits;
use crate::scenario::plan::Phase;
use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::spec::load::Pattern;
use crate::scenario::spec::{self, Spec};
use std::sync::Arc;
use std::time::Duration;

/// The most requests a drill may plan.
const MAX_REQUESTS: f64 = 5_000_000.0;

/// The most streams: a request's key has 16 bits for the number of its stream.
const MAX_STREAMS: usize = 1000;

/// The most bursts within one phase.
const MAX_BURSTS: u128 = 10_000;

pub(super) fn check(spec: &Spec, phases: Option<&[Phase]>, sink: &Sink<'_>) -> Vec<Stream> {
    let Some(at) = &spec.load_at else { return Vec::new() };
    let Some(phases) = phases else { return Vec::new() };
    if spec.load.len() > MAX_STREAMS {
        sink.error(at, format!("there are more than {MAX_STREAMS} load streams"), None);
        return Vec::new();
    }
    let before = sink.failed();
    let streams: Vec<Stream> = spec.load.iter().filter_map(|stream| check_one(stream, phases, sink)).collect();
    let total: f64 = streams.iter().map(requests).sum();
    if total > MAX_REQUESTS {
        let help = "lower the rates or shorten the phases; at most 5 million";
        sink.error(at, format!("this plans about {:.0} million requests", total / 1e6), Some(help.to_owned()));
    } else if total <= 0.0 && !before && !sink.failed() {
        let help = "add `{ task: chat, rate: 10/s }`";
        sink.error(at, "nothing is ever sent: the load is empty", Some(help.to_owned()));
    }
    streams
}

fn requests(stream: &Stream) -> f64 {
    stream.rate.iter().map(|s| (s.until - s.from).as_secs_f64() * f64::midpoint(s.start_rate, s.end_rate)).sum()
}

fn check_one(stream: &spec::load::Stream, phases: &[Phase], sink: &Sink<'_>) -> Option<Stream> {
    let names: Vec<&str> = phases.iter().map(|p| &*p.name).collect();
    for (name, _) in &stream.phases {
        let _ = resolve(name, "phase", names.clone(), sink);
    }
    let mut timeline = Timeline::default();
    for phase in phases {
        let entry = stream.phases.iter().find(|(name, _)| name.value == *phase.name);
        let pattern = match entry {
            Some((_, pattern)) => pattern.as_ref()?.value,
            None => Pattern::Rate(base(stream, phase, sink)?),
        };
        let (from, until) = (phase.from, phase.until);
        match pattern {
            Pattern::Rate(rate) => timeline.push(from, until, rate, rate),
            Pattern::Ramp { from: start, to: end } => timeline.push(from, until, start, end),
            Pattern::Burst { rate, length, every } => {
                let usual = base(stream, phase, sink)?;
                if every.is_zero() || (until - from).as_millis() / every.as_millis() > MAX_BURSTS {
                    let at = entry.map_or(&stream.at, |(name, _)| &name.at);
                    sink.error(at, format!("there are more than {MAX_BURSTS} bursts in this phase"), None);
                    return None;
                }
                let mut at = from;
                while at < until {
                    let quiet = (at + length).min(until);
                    timeline.push(at, quiet, rate, rate);
                    timeline.push(quiet, (at + every).min(until), usual, usual);
                    at += every;
                }
            }
        }
    }
    let names = |names: &[At<String>]| names.iter().map(|name| name.value.as_str().into()).collect();
    let traits = Traits {
        tags: names(&stream.tags),
        data_class: stream.data_class.as_ref().map(|class| class.value.as_str().into()),
        residency: names(&stream.residency),
        stakes: stream.stakes,
        batch: stream.batch,
    };
    Some(Stream {
        tenant: stream.tenant.as_str().into(),
        tier: stream.tier.as_str().into(),
        task: stream.task.as_ref()?.value,
        traits: Arc::new(traits),
        prompt_tokens: stream.prompt_tokens,
        prompts: stream.prompts,
        streamed: stream.streamed,
        risky: stream.risky,
        vague: stream.vague,
        patience: stream.patience,
        sdk: stream.sdk,
        arrivals: stream.arrivals,
        rate: timeline.segments,
    })
}

/// The rate outside what is said by phase.
fn base(stream: &spec::load::Stream, phase: &Phase, sink: &Sink<'_>) -> Option<f64> {
    if stream.rate.is_none() && !stream.rate_typed {
        let message = format!("`rate` is missing, and phase `{}` needs one", phase.name);
        sink.error(&stream.at, message, Some("add `rate: 10/s`".to_owned()));
    }
    stream.rate.as_ref().map(|r| r.value)
}

/// Segments without gaps; neighbours at one and the same constant rate are one.
#[derive(Default)]
struct Timeline {
    segments: Vec<Segment>,
}

impl Timeline {
    fn push(&mut self, from: Duration, until: Duration, start_rate: f64, end_rate: f64) {
        if from >= until {
            return;
        }
        match self.segments.last_mut() {
            Some(last)
                if [last.end_rate, start_rate, end_rate].iter().all(|r| r.total_cmp(&last.start_rate).is_eq()) =>
            {
                last.until = until;
            }
            _ => self.segments.push(Segment { from, until, start_rate, end_rate }),
        }
    }
}
