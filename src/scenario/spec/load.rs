//! `load:`: streams of requests.

use super::router::{backoff, tasks};
use crate::load::sdk::SDKS;
use crate::load::{Arrivals, Sdk};
use crate::router::Stakes;
use crate::scenario::reader::Sink;
use crate::scenario::source::{At, Span};
use crate::scenario::yaml::{Entry, Node, Value};
use crate::tasks::Task;
use mock_providers::Distribution;
use std::time::Duration;

/// A load stream as it was typed.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) at: Span,
    pub(crate) tenant: String,
    pub(crate) tier: String,
    pub(crate) task: Option<At<Task>>,
    /// In phases that say nothing else; `None`: not given, or wrong.
    pub(crate) rate: Option<At<f64>>,
    /// Whether a rate was typed at all, right or wrong.
    pub(crate) rate_typed: bool,
    pub(crate) arrivals: Arrivals,
    pub(crate) streamed: f64,
    /// The share of risky prompts.
    pub(crate) risky: f64,
    /// The share of prompts that do not say which form is wanted.
    pub(crate) vague: f64,
    pub(crate) patience: Option<Duration>,
    pub(crate) sdk: Sdk,
    pub(crate) tags: Vec<At<String>>,
    pub(crate) data_class: Option<At<String>>,
    pub(crate) residency: Vec<At<String>>,
    pub(crate) stakes: Stakes,
    pub(crate) batch: bool,
    pub(crate) prompt_tokens: Option<Distribution>,
    pub(crate) prompts: Option<u32>,
    /// By phase.
    pub(crate) phases: Vec<(At<String>, Option<At<Pattern>>)>,
}

/// How a rate runs through a phase. Rates are per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pattern {
    /// Another rate.
    Rate(f64),
    /// Linearly from one rate to another.
    Ramp { from: f64, to: f64 },
    /// The usual rate, and again and again another one for a while.
    Burst { rate: f64, length: Duration, every: Duration },
}

pub(super) const STAKES: &[(&str, Stakes)] = &[("best_effort", Stakes::BestEffort), ("high_stakes", Stakes::High)];

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Stream> {
    let mut fields = sink.fields(node, "a load stream")?;
    let tenant = fields.get("tenant").and_then(|n| sink.name(n)).map_or_else(|| "default".to_owned(), |n| n.value);
    let tier = fields.get("tier").and_then(|n| sink.name(n)).map_or_else(|| "standard".to_owned(), |n| n.value);
    let task = fields.need("task", "task: chat").and_then(|n| sink.word(n, "a task", &tasks()));
    let rate = fields.get("rate");
    let rate_typed = rate.is_some();
    let rate = rate.and_then(|n| sink.rate(n));
    let words = &[("constant", Arrivals::Constant), ("poisson", Arrivals::Poisson)];
    let arrivals = fields.get("arrivals").and_then(|n| sink.word(n, "a kind of arrivals", words));
    let streamed = fields.get("stream").and_then(|n| sink.share(n));
    if let (Some(task), Some(share)) = (&task, &streamed)
        && task.value.dimensions().is_some()
        && share.value > 0.0
    {
        sink.error(&share.at, "a vector cannot be streamed", Some("leave `stream` out".to_owned()));
    }
    let risky = fields.get("risky").and_then(|n| sink.share(n));
    let vague = fields.get("vague").and_then(|n| sink.share(n));
    let patience = fields.get("patience").and_then(|n| sink.positive_duration(n));
    let sdk = fields.get("client").and_then(|n| sdk(n, sink));
    let tags = fields.get("tags").map_or(Vec::new(), |n| sink.names(n));
    let data_class = fields.get("data_class").and_then(|n| sink.name(n));
    let residency = fields.get("residency").map_or(Vec::new(), |n| sink.names(n));
    let stakes = fields.get("stakes").and_then(|n| sink.word(n, "a kind of stakes", STAKES));
    let mode = fields.get("mode").and_then(|n| sink.word(n, "a mode", &[("interactive", false), ("batch", true)]));
    let prompt_tokens = fields.get("prompt_tokens").and_then(|n| sink.sizes(n));
    let prompts = fields.get("prompts").and_then(|n| sink.count32(n, 1, 1_000_000));
    let phases = fields.get("phases").and_then(|n| sink.entries(n, "the rate by phase")).unwrap_or_default();
    let phases = phases.iter().map(|Entry { key, value }| (key.clone(), pattern(value, sink))).collect();
    let at = fields.at.clone();
    fields.finish();
    Some(Stream {
        at,
        tenant,
        tier,
        task,
        rate,
        rate_typed,
        arrivals: arrivals.map_or(Arrivals::Constant, |a| a.value),
        streamed: streamed.map_or(0.0, |s| s.value),
        risky: risky.map_or(0.0, |s| s.value),
        vague: vague.map_or(0.0, |s| s.value),
        patience: patience.map(|p| p.value),
        sdk: sdk.unwrap_or_else(Sdk::single),
        tags,
        data_class,
        residency,
        stakes: stakes.map_or(Stakes::default(), |s| s.value),
        batch: mode.is_some_and(|m| m.value),
        prompt_tokens: prompt_tokens.map(|d| d.value),
        prompts: prompts.map(|n| n.value),
        phases,
    })
}

/// How clients ask again: the name of an SDK, or what is set differently from one.
fn sdk(node: &Node, sink: &Sink<'_>) -> Option<Sdk> {
    let named = |n: &Node| sink.word(n, "an SDK", SDKS).map(|sdk| sdk.value);
    if !matches!(node.value, Value::Map(_)) {
        return named(node);
    }
    let mut fields = sink.fields(node, "a client")?;
    let mut sdk = fields.get("sdk").map_or(Some(Sdk::default()), named);
    let retries = fields.get("retries").and_then(|n| sink.count32(n, 0, 100));
    let timeout = fields.get("timeout").and_then(|n| sink.positive_duration(n));
    let waits = fields.get("backoff");
    if let Some(sdk) = &mut sdk {
        sdk.retries = retries.map_or(sdk.retries, |n| n.value);
        sdk.timeout = timeout.map_or(sdk.timeout, |t| Some(t.value));
        if let Some(node) = waits {
            (sdk.backoff, sdk.throttled) = (backoff(node, sdk.backoff, sink), None);
        }
    }
    fields.finish();
    sdk
}

fn pattern(node: &Node, sink: &Sink<'_>) -> Option<At<Pattern>> {
    let mut fields = sink.fields(node, "the rate of a phase")?;
    let rate = fields.get("rate");
    let ramp = fields.get("ramp");
    let burst = fields.get("burst");
    let given = usize::from(rate.is_some()) + usize::from(ramp.is_some()) + usize::from(burst.is_some());
    if given != 1 {
        let help = "write `{ rate: 20/s }`, `{ ramp: { from: 5/s, to: 50/s } }` or `{ burst: { rate: 90/s, for: 2s, every: 10s } }`";
        sink.error(&fields.at, "a phase takes one of `rate`, `ramp` and `burst`", Some(help.to_owned()));
    }
    let pattern = if let Some(n) = rate {
        sink.rate(n).map(|r| Pattern::Rate(r.value))
    } else if let Some(n) = ramp {
        self::ramp(n, sink)
    } else {
        burst.and_then(|n| self::burst(n, sink))
    };
    fields.finish();
    Some(At::new(pattern?, node.at.clone()))
}

fn ramp(node: &Node, sink: &Sink<'_>) -> Option<Pattern> {
    let mut fields = sink.fields(node, "a ramp")?;
    let from = fields.need("from", "from: 5/s").and_then(|n| sink.rate(n));
    let to = fields.need("to", "to: 50/s").and_then(|n| sink.rate(n));
    fields.finish();
    Some(Pattern::Ramp { from: from?.value, to: to?.value })
}

fn burst(node: &Node, sink: &Sink<'_>) -> Option<Pattern> {
    let mut fields = sink.fields(node, "a burst")?;
    let rate = fields.need("rate", "rate: 90/s").and_then(|n| sink.rate(n));
    let length = fields.need("for", "for: 2s").and_then(|n| sink.positive_duration(n));
    let every = fields.need("every", "every: 10s").and_then(|n| sink.positive_duration(n));
    fields.finish();
    let (length, every) = (length?, every?);
    if length.value > every.value {
        sink.error(&length.at, "a burst is longer than the time between two", None);
    }
    Some(Pattern::Burst { rate: rate?.value, length: length.value, every: every.value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::Traits;
    use crate::router::policy::backoff::Params;
    use crate::scenario::{Invalid, Loaded, load};

    fn read(line: &str) -> Result<Loaded, Invalid> {
        let text = format!(
            "version: 1\nname: load\nproviders: {{ openai: {{ models: {{ gpt-4o: {{}} }} }} }}\n\
             router: {{ chains: {{ all: {{ targets: [openai/gpt-4o] }} }} }}\n\
             phases: [{{ name: all, for: 10s }}]\nload: [{{ {line} }}]\n"
        );
        load("load.yaml", text.as_bytes())
    }

    #[test]
    fn every_task_can_be_sent() {
        for task in Task::ALL {
            let loaded =
                read(&format!("task: {}, rate: 1/s", task.as_str())).unwrap_or_else(|invalid| panic!("{invalid}"));
            assert_eq!(loaded.plan.load[0].task, *task);
        }
    }

    #[test]
    fn no_prompt_is_risky_unless_it_is_asked_for() {
        let risky = |line: &str| read(line).map(|loaded| loaded.plan.load[0].risky).ok();
        assert_eq!(risky("task: chat, rate: 1/s"), Some(0.0));
        assert_eq!(risky("task: chat, rate: 1/s, risky: 2%"), Some(0.02));
        assert_eq!(risky("task: chat, rate: 1/s, risky: 200%"), None);
    }

    #[test]
    fn no_prompt_is_vague_unless_it_is_asked_for() {
        let vague = |line: &str| read(line).map(|loaded| loaded.plan.load[0].vague).ok();
        assert_eq!(vague("task: triage, rate: 1/s"), Some(0.0));
        assert_eq!(vague("task: triage, rate: 1/s, vague: 40%"), Some(0.4));
        assert_eq!(vague("task: triage, rate: 1/s, vague: often"), None);
    }

    #[test]
    fn what_requests_say_of_themselves_reaches_the_plan() {
        let line = "task: chat, rate: 1/s, tags: [beta, eval], data_class: pii, residency: eu, stakes: high_stakes, \
                    mode: batch, prompt_tokens: uniform(1k 4k)";
        let stream = read(line).unwrap_or_else(|invalid| panic!("{invalid}")).plan.load.remove(0);
        let expected = Traits {
            tags: ["beta".into(), "eval".into()].into(),
            data_class: Some("pii".into()),
            residency: ["eu".into()].into(),
            stakes: Stakes::High,
            batch: true,
        };
        assert_eq!(*stream.traits, expected);
        assert_eq!(stream.prompt_tokens, Some(Distribution::Uniform { low: 1000.0, high: 4000.0 }));
        let plain = read("task: chat, rate: 1/s").unwrap_or_else(|invalid| panic!("{invalid}")).plan.load.remove(0);
        assert_eq!((&*plain.traits, plain.prompt_tokens), (&Traits::default(), None));
    }

    #[test]
    fn clients_ask_again_as_an_sdk_does_or_as_they_are_told() {
        let sdk = |line: &str| {
            let line = format!("task: chat, rate: 1/s{line}");
            read(&line).unwrap_or_else(|invalid| panic!("{invalid}")).plan.load[0].sdk
        };
        assert_eq!(sdk(""), Sdk::single());
        for (name, known) in SDKS {
            assert_eq!(sdk(&format!(", client: {name}")), *known);
        }
        let told = sdk(", client: { sdk: vercel_ai, retries: 5, backoff: { max: 3s }, timeout: 20s }");
        let (_, vercel) = SDKS.iter().find(|(name, _)| *name == "vercel_ai").expect("known");
        assert_eq!((told.retries, told.timeout), (5, Some(Duration::from_secs(20))));
        assert_eq!(told.backoff, Params { max: Duration::from_secs(3), ..vercel.backoff });
        assert_eq!(sdk(", client: { retries: 1 }"), Sdk { retries: 1, ..Sdk::default() });
    }

    #[test]
    fn what_requests_cannot_be_is_told() {
        for (line, message) in [
            ("tags: [beta, beta]", "`beta` is there twice"),
            ("tags: [a b]", "`a b` cannot be a name"),
            ("residency: [eu, eu]", "`eu` is there twice"),
            ("stakes: high", "did you mean `high_stakes`?"),
            ("mode: bulk", "`bulk` is not a mode"),
            ("prompts: 0", "this must lie between 1 and 1000000"),
            ("prompt_tokens: 2M", "`2M` is too much"),
            ("client: openai", "did you mean `openai_sdk`?"),
            ("client: [boto3]", "expected an SDK, found a list"),
            ("client: { retires: 2 }", "did you mean `retries`?"),
            ("client: { retries: 1000 }", "this must lie between 0 and 100"),
            ("client: { timeout: 0s }", "this must be longer than zero"),
            ("client: { sdk: boto }", "did you mean `boto3`?"),
            ("client: { backoff: { max: 1ms } }", "the longest wait is shorter than the initial one"),
            ("prompt_tokens: 4s", "`4s` is not a size"),
        ] {
            let invalid = read(&format!("task: chat, rate: 1/s, {line}")).expect_err(line).to_string();
            assert!(invalid.contains(message), "{invalid}");
        }
    }

    #[test]
    fn a_vector_cannot_be_streamed() {
        let invalid = read("task: embedding, rate: 1/s, stream: 50%").expect_err("nonsense").to_string();
        assert!(invalid.contains("a vector cannot be streamed"), "{invalid}");
        assert!(read("task: embedding, rate: 1/s, stream: 0%").is_ok());
    }
}
