//! Tokens to the parts of an assertion, by place only:
//!
//! ```text
//! metric [ "(" word [op word | "," word] ")" ] { "{" label "=" value "}" } op value [ ("during" | "after" | "over") word ]
//! ```
//!
//! Nothing is looked up here: whether the metric exists and takes an argument is the business of `check`. Labels go one
//! per pair of braces, so that no assertion needs a comma.

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
    pub(super) scope: Option<(ScopeWord, Word<'a>)>,
}

const EXAMPLE: &str = "write for instance `availability >= 99.9%` or `p95(latency) < 4s during outage`";
const SCOPES: &str = "an assertion ends with its value, or with `during PHASE`, `after PHASE` or `over 10s`";

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
        labels.push(cursor.label()?);
    }
    if let Some((Token::Open, span)) = cursor.peek() {
        let help = format!("write `{}(…){{…}}`", metric.text);
        return Err(SloError::new(span, "the argument goes before the labels").help(help));
    }
    let op = cursor.op()?;
    let value = cursor.word("a value", "write for instance `99.9%`, `4s` or `3`")?;
    let scope = cursor.scope()?;
    if let Some((_, span)) = cursor.peek() {
        let rest = span.start..text.trim_end().len();
        let junk = &text[rest.clone()];
        return Err(SloError::new(rest, format!("`{junk}` is too much at the end")).help(SCOPES));
    }
    Ok(Raw { metric, argument, labels, op, value, scope })
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

    fn label(&mut self) -> Result<(Word<'a>, Word<'a>), SloError> {
        let help = "write `{tenant=acme}`, and each further label in braces of its own: `{tenant=acme}{task=chat}`";
        self.next += 1;
        let label = self.word("a label", help)?;
        self.punctuation(Token::Assign, "`=`", help)?;
        let value = self.word("the value of the label", help)?;
        self.punctuation(Token::CloseBrace, "`}`", help)?;
        Ok((label, value))
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

    fn scope(&mut self) -> Result<Option<(ScopeWord, Word<'a>)>, SloError> {
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
        Ok(Some((scope, self.word(wanted, help)?)))
    }
}
