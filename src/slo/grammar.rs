//! Tokens to the parts of an assertion, by place only:
//!
//! ```text
//! metric [ "(" word [op word | "," word] ")" ] { "{" label { "," label } "}" } op value
//!        [ ("during" | "after") phase ] [ "over" length ]          label: word "=" word
//! ```
//!
//! Nothing is looked up here: whether the metric exists and takes an argument is the business of `check`. Labels may
//! also go one per pair of braces, so that an assertion in a YAML list of one line needs no comma and no quotes.

use super::assertion::{Op, SloError};
use super::lex::{Located, Token, lex};
use crate::words::closest;
use std::ops::Range;

/// A word and the bytes it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
}

/// What stands between parentheses.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawArgument<'a> {
    pub(super) what: Word<'a>,
    pub(super) bound: Option<(Op, Range<usize>, Word<'a>)>,
    /// What follows a comma.
    pub(super) second: Option<Word<'a>>,
    /// With the parentheses.
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeWord {
    During,
    After,
    Over,
}

/// An assertion in parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raw<'a> {
    pub(super) metric: Word<'a>,
    pub(super) argument: Option<RawArgument<'a>>,
    pub(super) labels: Vec<(Word<'a>, Word<'a>)>,
    pub(super) op: Op,
    pub(super) value: Word<'a>,
    /// `during` or `after`, and a phase.
    pub(super) part: Option<(ScopeWord, Word<'a>)>,
    /// `over` so long.
    pub(super) window: Option<Word<'a>>,
}

const EXAMPLE: &str = "write for instance `availability >= 99.9%` or `p95(latency) < 4s during outage`";
const SCOPES: &str = "an assertion ends with its value, or with `during PHASE` or `after PHASE`, `over 10s`, or both";

pub(super) fn read(text: &str) -> Result<Raw<'_>, SloError> {
    let tokens = lex(text).ok_or_else(|| SloError::new(0..text.len(), "this cannot be read").help(EXAMPLE))?;
    let mut cursor = Cursor { text, tokens, next: 0 };
    let metric = match cursor.peek() {
        None => return Err(SloError::new(0..text.len(), "the assertion is empty").help(EXAMPLE)),
        _ => cursor.word("the name of a metric", EXAMPLE)?,
    };
    let argument = cursor.argument(&metric)?;
    let mut labels = Vec::new();
    while let Some((Token::OpenBrace, _)) = cursor.peek() {
        cursor.labels(&mut labels)?;
    }
    if let Some((Token::Open, span)) = cursor.peek() {
        let help = format!("write `{}(…){{…}}`", metric.text);
        return Err(SloError::new(span, "the argument goes before the labels").help(help));
    }
    let op = cursor.op()?;
    let value = cursor.word("a value", "write for instance `99.9%`, `4s` or `3`")?;
    let (mut part, mut window) = (None, None);
    while let Some((word, span, name)) = cursor.scope()? {
        let twice = match word {
            ScopeWord::Over => window.replace(name).is_some(),
            _ => part.replace((word, name)).is_some(),
        };
        if twice {
            return Err(SloError::new(span, "this is said twice").help(SCOPES));
        }
    }
    if let Some((_, span)) = cursor.peek() {
        let rest = span.start..text.trim_end().len();
        let junk = &text[rest.clone()];
        return Err(SloError::new(rest, format!("`{junk}` is too much at the end")).help(SCOPES));
    }
    Ok(Raw { metric, argument, labels, op, value, part, window })
}

struct Cursor<'a> {
    text: &'a str,
    tokens: Vec<Located<'a>>,
    next: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<Located<'a>> {
        self.tokens.get(self.next).cloned()
    }

    fn take(&mut self) -> Option<Located<'a>> {
        let token = self.peek();
        self.next += usize::from(token.is_some());
        token
    }

    /// What is wrong here: something else than `wanted`, or the end.
    fn expected(&self, wanted: &str) -> SloError {
        match self.peek() {
            Some((_, span)) => {
                let found = &self.text[span.clone()];
                SloError::new(span, format!("expected {wanted}, found `{found}`"))
            }
            None => {
                let end = self.text.trim_end().len();
                SloError::new(end..end, format!("expected {wanted}, but the assertion ends here"))
            }
        }
    }

    fn word(&mut self, wanted: &str, help: &str) -> Result<Word<'a>, SloError> {
        match self.peek() {
            Some((Token::Word(text), span)) => {
                self.next += 1;
                Ok(Word { text, span })
            }
            _ => Err(self.expected(wanted).help(help)),
        }
    }

    fn punctuation(&mut self, token: Token<'_>, shown: &str, help: &str) -> Result<Range<usize>, SloError> {
        match self.peek() {
            Some((found, span)) if found == token => {
                self.next += 1;
                Ok(span)
            }
            _ => Err(self.expected(shown).help(help)),
        }
    }

    fn argument(&mut self, metric: &Word<'_>) -> Result<Option<RawArgument<'a>>, SloError> {
        let Some((Token::Open, open)) = self.peek() else { return Ok(None) };
        self.next += 1;
        if let Some((Token::Close, close)) = self.peek() {
            let help = format!("leave the parentheses out, or write what `{}` is of", metric.text);
            return Err(SloError::new(open.start..close.end, "there is nothing between the parentheses").help(help));
        }
        let what = self.word("an argument", "write for instance `p95(latency)` or `opens_within(openai)`")?;
        let (mut bound, mut second) = (None, None);
        match self.peek() {
            Some((Token::Op(op), span)) => {
                self.next += 1;
                bound = Some((op, span, self.word("a value", "write for instance `good(latency < 4s)`")?));
            }
            Some((Token::Stray(","), _)) => {
                self.next += 1;
                second = Some(self.word("a second argument", "write for instance `alerts_within(openai, auth)`")?);
            }
            _ => {}
        }
        let close = self.punctuation(Token::Close, "`)`", "a metric takes one argument")?;
        Ok(Some(RawArgument { what, bound, second, span: open.start..close.end }))
    }

    fn labels(&mut self, labels: &mut Vec<(Word<'a>, Word<'a>)>) -> Result<(), SloError> {
        let help = "write `{tenant=acme}`, and several as `{tenant=acme,task=chat}` or `{tenant=acme}{task=chat}`";
        loop {
            self.next += 1;
            let label = self.word("a label", help)?;
            self.punctuation(Token::Assign, "`=`", help)?;
            labels.push((label, self.word("the value of the label", help)?));
            if !matches!(self.peek(), Some((Token::Stray(","), _))) {
                self.punctuation(Token::CloseBrace, "`}`", help)?;
                return Ok(());
            }
        }
    }

    fn op(&mut self) -> Result<Op, SloError> {
        let help = "write one of >= > <= < == !=";
        match self.peek() {
            Some((Token::Op(op), _)) => {
                self.next += 1;
                Ok(op)
            }
            Some((Token::Assign, span)) => {
                Err(SloError::new(span, "`=` is not a comparison").help("write `==`, or `>=` or `<=`"))
            }
            Some((Token::Stray(found @ ("≥" | "≤" | "≠")), span)) => {
                let plain = [("≥", ">="), ("≤", "<="), ("≠", "!=")].iter().find(|(s, _)| *s == found);
                let plain = plain.map_or("", |(_, p)| p);
                Err(SloError::new(span, format!("`{found}` is not a comparison")).help(format!("write `{plain}`")))
            }
            _ => Err(self.expected("a comparison").help(help)),
        }
    }

    fn scope(&mut self) -> Result<Option<(ScopeWord, Range<usize>, Word<'a>)>, SloError> {
        let Some((Token::Word(word), span)) = self.peek() else { return Ok(None) };
        let scope = match word {
            "during" => ScopeWord::During,
            "after" => ScopeWord::After,
            "over" => ScopeWord::Over,
            _ => {
                let rest = span.start..self.text.trim_end().len();
                if let Some(meant) = closest(word, ["during", "after", "over"]) {
                    let error = SloError::new(span, format!("`{word}` is none of during, after, over"));
                    return Err(error.help(format!("did you mean `{meant}`?")));
                }
                let junk = &self.text[rest.clone()];
                return Err(SloError::new(rest, format!("`{junk}` is too much at the end")).help(SCOPES));
            }
        };
        self.take();
        let (wanted, help) = match scope {
            ScopeWord::Over => ("a length of time", "write for instance `over 10s`"),
            _ => ("the name of a phase", "write for instance `during outage`"),
        };
        Ok(Some((scope, span, self.word(wanted, help)?)))
    }
}
