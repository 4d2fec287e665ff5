//! The parts of an assertion to a checked [`Slo`]: every name is looked up, every value read in the unit of its metric.
//! The first problem is reported, with the bytes it stands on; one line seldom has two.

use super::assertion::{Filter, Metric, Names, Op, Part, Scope, Slo, SloError, Subject};
use super::grammar::{self, Raw, RawArgument, ScopeWord, Word};
use super::metric::{Argument, FAMILIES, Family, Labels, PERCENTILE, Percentile, Source, Takes, Wanted};
use super::unit::{Limit, Misread, Unit, decimal, time};
use crate::event::{Class, Name};
use crate::words::{closest, list};

/// Reads and checks one assertion.
///
/// # Errors
/// Says where and why it cannot be used.
pub fn parse(text: &str, names: &Names<'_>) -> Result<Slo, SloError> {
    let raw = grammar::read(text)?;
    let family = family(&raw.metric)?;
    let argument = argument(family, &raw, names)?;
    let filter = labels(family, &raw, names)?;
    let limit = limit(family.unit, shown(&raw, text), &raw.value)?;
    let scope = Scope { part: part(&raw, names)?, window: window(family, &raw)? };
    let text = text.trim().into();
    Ok(Slo { text, metric: Metric { family, argument }, filter, op: raw.op, limit, scope })
}

/// The metric as it was written, with its argument.
fn shown<'t>(raw: &Raw<'_>, text: &'t str) -> &'t str {
    let end = raw.argument.as_ref().map_or(raw.metric.span.end, |a| a.span.end);
    &text[raw.metric.span.start..end]
}

fn family(word: &Word<'_>) -> Result<&'static Family, SloError> {
    if let Some(family) = FAMILIES.iter().find(|f| f.name == word.text) {
        return Ok(family);
    }
    if percentile_digits(word.text).is_some() {
        return Ok(&PERCENTILE);
    }
    let error = SloError::new(word.span.clone(), format!("there is no metric `{}`", word.text));
    if Source::named(word.text).is_some() {
        return Err(error.help(format!("say which percentile: `p95({})`", word.text)));
    }
    let all = || FAMILIES.iter().map(|f| f.name);
    let known = format!("the metrics are p50…p99.9, {}", all().collect::<Vec<_>>().join(", "));
    Err(match closest(word.text, all()) {
        Some(meant) => error.help(format!("did you mean `{meant}`? {known}")),
        None => error.help(known),
    })
}

/// `99.9` of `p99.9`.
fn percentile_digits(word: &str) -> Option<&str> {
    let digits = word.strip_prefix('p')?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')).then_some(digits)
}

fn argument(family: &'static Family, raw: &Raw<'_>, names: &Names<'_>) -> Result<Argument, SloError> {
    let name = raw.metric.text;
    let missing = |what: &str| {
        let error = SloError::new(raw.metric.span.clone(), format!("`{name}` needs {what}"));
        error.help(format!("write for instance `{}`", family.example))
    };
    let given = raw.argument.as_ref();
    if let Some(RawArgument { bound: Some((_, span, value)), .. }) = given
        && family.takes != Takes::Bound
    {
        let span = span.start..value.span.end;
        return Err(SloError::new(span, format!("`{name}` takes no comparison in its argument"))
            .help("only `good(…)` does, as in `good(latency < 4s)`"));
    }
    if let Some(RawArgument { second: Some(second), .. }) = given
        && family.takes != Takes::SubjectAndAlert
    {
        let error = SloError::new(second.span.clone(), format!("`{name}` takes one argument at most"));
        return Err(error.help(format!("write for instance `{}`", family.example)));
    }
    match (family.takes, given) {
        (Takes::Nothing, None) | (Takes::MaybeSubject | Takes::MaybeClass, None) => Ok(Argument::None),
        (Takes::Nothing, Some(given)) => {
            let error = SloError::new(given.span.clone(), format!("`{name}` takes no argument"));
            Err(error.help(format!("write for instance `{}`", family.example)))
        }
        (Takes::Subject, None) => Err(missing("a provider or a target")),
        (Takes::Subject | Takes::MaybeSubject, Some(given)) => subject(&given.what, names).map(Argument::Subject),
        (Takes::SubjectAndAlert, Some(RawArgument { what, second: Some(second), .. })) => {
            Ok(Argument::Alert(subject(what, names)?, alert(second)?))
        }
        (Takes::SubjectAndAlert, _) => Err(missing("a provider or a target, and a kind of alert")),
        (Takes::MaybeClass, Some(given)) => class(&given.what).map(Argument::Class),
        (Takes::Source, None) => Err(missing("what it is a percentile of")),
        (Takes::Source, Some(given)) => {
            let source = source(&given.what, &Source::ALL)?;
            Ok(Argument::Percentile(percentile(&raw.metric)?, source))
        }
        (Takes::Bound, Some(RawArgument { what, bound: Some((op, op_span, value)), .. })) => {
            let source = source(what, &Source::OF_REQUESTS)?;
            if !matches!(op, Op::Lt | Op::Le) {
                let error = SloError::new(op_span.clone(), "a good request is one that is fast enough");
                return Err(error.help("write `<` or `<=`"));
            }
            let within = time(value.text)
                .ok_or_else(|| SloError::new(value.span.clone(), format!("`{}` {}", what.text, Unit::Time.advice())))?;
            Ok(Argument::Within { source, strictly: *op == Op::Lt, within })
        }
        (Takes::Bound, _) => Err(missing("a bound")),
    }
}

fn percentile(word: &Word<'_>) -> Result<Percentile, SloError> {
    let digits = percentile_digits(word.text).unwrap_or_default();
    let thousandths = decimal(digits, 3).and_then(|n| u32::try_from(n).ok());
    thousandths.and_then(Percentile::new).ok_or_else(|| {
        let error = SloError::new(word.span.clone(), format!("`{}` is not a percentile", word.text));
        error.help("write p and a number above 0 and below 100 with at most 3 decimals, as in p50 or p99.9")
    })
}

fn source(word: &Word<'_>, known: &[Source]) -> Result<Source, SloError> {
    let found = Source::named(word.text).filter(|s| known.contains(s));
    found.ok_or_else(|| unknown("time", word, known.iter().map(|s| s.as_str())))
}

fn class(word: &Word<'_>) -> Result<Class, SloError> {
    let known = || Class::ALL.iter().filter(|c| **c != Class::Ok);
    let found = known().find(|c| c.as_str() == word.text).copied();
    found.ok_or_else(|| unknown("class of error", word, known().map(|c| c.as_str())))
}

fn alert(word: &Word<'_>) -> Result<Wanted, SloError> {
    let known: Vec<(String, Wanted)> = Wanted::all().collect();
    let found = known.iter().find(|(name, _)| name == word.text).map(|(_, wanted)| *wanted);
    found.ok_or_else(|| unknown("kind of alert", word, known.iter().map(|(name, _)| name.as_str())))
}

fn subject(word: &Word<'_>, names: &Names<'_>) -> Result<Subject, SloError> {
    let known = || names.providers.iter().chain(names.targets);
    let found = known().find(|n| ***n == *word.text).cloned();
    found.map(Subject).ok_or_else(|| unknown("provider or target", word, known().map(|n| &**n)))
}

fn labels(family: &Family, raw: &Raw<'_>, names: &Names<'_>) -> Result<Filter, SloError> {
    let mut filter = Filter::default();
    let allowed: &[&str] = match family.labels {
        Labels::None => &[],
        Labels::Request => &["tenant", "tier", "task", "route", "stream"],
        Labels::RequestAndTarget => &["tenant", "tier", "task", "route", "stream", "target"],
    };
    for (label, value) in &raw.labels {
        if !allowed.contains(&label.text) {
            return Err(wrong_label(raw, label, allowed));
        }
        let known = |kind: &str, names: &[Name]| {
            let found = names.iter().find(|n| ***n == *value.text).cloned();
            found.ok_or_else(|| unknown(kind, value, names.iter().map(|n| &**n)))
        };
        let twice = match label.text {
            "tenant" => filter.tenant.replace(known("tenant", names.tenants)?).is_some(),
            "tier" => filter.tier.replace(known("tier", names.tiers)?).is_some(),
            "task" => filter.task.replace(known("task", names.tasks)?).is_some(),
            "route" => filter.route.replace(known("chain", names.chains)?).is_some(),
            "target" => filter.target.replace(subject(value, names)?).is_some(),
            _ => match value.text {
                "true" => filter.stream.replace(true).is_some(),
                "false" => filter.stream.replace(false).is_some(),
                _ => {
                    let error = SloError::new(value.span.clone(), format!("`{}` is not true or false", value.text));
                    return Err(error.help("write `{stream=true}` or `{stream=false}`"));
                }
            },
        };
        if twice {
            let error = SloError::new(label.span.clone(), format!("the label `{}` is given twice", label.text));
            return Err(error.help("all labels of an assertion must match, so two of a kind match nothing"));
        }
    }
    Ok(filter)
}

fn wrong_label(raw: &Raw<'_>, label: &Word<'_>, allowed: &[&str]) -> SloError {
    let metric = raw.metric.text;
    if allowed.is_empty() {
        let error = SloError::new(label.span.clone(), format!("`{metric}` takes no labels"));
        return error.help("it is about a breaker or a target, not about requests");
    }
    if label.text == "target" {
        let error = SloError::new(label.span.clone(), format!("`{metric}` cannot be told apart by target"));
        return error.help("it counts whole requests, and a request can use several targets");
    }
    unknown("label", label, allowed.iter().copied())
}

fn limit(unit: Unit, metric: &str, value: &Word<'_>) -> Result<Limit, SloError> {
    match unit.read(value.text) {
        Ok(amount) => Ok(Limit { text: value.text.to_owned(), unit, amount }),
        Err(Misread::Unit) => {
            let error = SloError::new(value.span.clone(), format!("`{}` does not fit `{metric}`", value.text));
            Err(error.help(format!("`{metric}` {}", unit.advice())))
        }
        Err(Misread::Range) => {
            let error = SloError::new(value.span.clone(), format!("`{}` is out of range", value.text));
            Err(error.help("a share lies between 0% and 100%"))
        }
    }
}

fn part(raw: &Raw<'_>, names: &Names<'_>) -> Result<Part, SloError> {
    let Some((word, phase)) = &raw.part else { return Ok(Part::Whole) };
    let found = names.phases.iter().find(|p| ***p == *phase.text).cloned();
    let found = found.ok_or_else(|| unknown("phase", phase, names.phases.iter().map(|p| &**p)))?;
    if *word != ScopeWord::After {
        return Ok(Part::During(found));
    }
    if names.phases.last() == Some(&found) {
        let error = SloError::new(phase.span.clone(), format!("no phase follows `{}`", phase.text));
        return Err(error.help("it is the last one"));
    }
    Ok(Part::After(found))
}

fn window(family: &Family, raw: &Raw<'_>) -> Result<Option<u32>, SloError> {
    let Some(length) = &raw.window else { return Ok(None) };
    if !family.windows {
        let message = format!("`{}` is measured once, not over and over", raw.metric.text);
        return Err(SloError::new(length.span.clone(), message).help("leave `over` out"));
    }
    let seconds = time(length.text).filter(|t| t.0 > 0 && t.0 % 1_000_000 == 0).map(|t| t.0 / 1_000_000);
    seconds.and_then(|s| u32::try_from(s).ok()).map(Some).ok_or_else(|| {
        let error = SloError::new(length.span.clone(), format!("`{}` is not a window", length.text));
        error.help("a window is a whole number of seconds, as in `over 10s`")
    })
}

/// "there is no phase `outtage`", with the nearest or with all there are.
fn unknown<'a>(kind: &str, word: &Word<'_>, known: impl Iterator<Item = &'a str> + Clone) -> SloError {
    let error = SloError::new(word.span.clone(), format!("there is no {kind} `{}`", word.text));
    match closest(word.text, known.clone()) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None => error.help(format!("known: {}", list(known))),
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
