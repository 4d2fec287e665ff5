//! Text to tokens, each with its bytes. Any text is some sequence of tokens; what makes no sense is for the grammar to
//! say, because only it knows what was expected.
//!
//! A word is everything up to white space, a bracket, a comma or a comparison, so `99.9%`, `p99.9`, `$0.50` and
//! `openai/gpt-4o` are one word each; what a word means depends on where it stands.

use super::assertion::Op;
use std::ops::Range;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, preceded, repeat, terminated};
use winnow::prelude::*;
use winnow::stream::LocatingSlice;
use winnow::token::{any, take_while};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    Op(Op),
    /// A single `=`: part of a label, or a mistyped `==`.
    Assign,
    /// `!` or `,` or a comparison that is none of ours.
    Stray(&'a str),
    Open,
    Close,
    OpenBrace,
    CloseBrace,
}

/// A token and the bytes it stands on.
pub(super) type Located<'a> = (Token<'a>, Range<usize>);

type Input<'a> = LocatingSlice<&'a str>;

pub(super) fn lex(text: &str) -> Option<Vec<Located<'_>>> {
    let tokens = repeat(0.., terminated(token.with_span(), multispace0));
    preceded(multispace0, tokens).parse(LocatingSlice::new(text)).ok()
}

fn token<'a>(input: &mut Input<'a>) -> winnow::Result<Token<'a>> {
    alt((comparison, bracket, word, any.take().map(Token::Stray))).parse_next(input)
}

fn comparison<'a>(input: &mut Input<'a>) -> winnow::Result<Token<'a>> {
    alt((
        ">=".value(Token::Op(Op::Ge)),
        "<=".value(Token::Op(Op::Le)),
        "==".value(Token::Op(Op::Eq)),
        "!=".value(Token::Op(Op::Ne)),
        ">".value(Token::Op(Op::Gt)),
        "<".value(Token::Op(Op::Lt)),
        "=".value(Token::Assign),
    ))
    .parse_next(input)
}

fn bracket<'a>(input: &mut Input<'a>) -> winnow::Result<Token<'a>> {
    alt(("(".value(Token::Open), ")".value(Token::Close), "{".value(Token::OpenBrace), "}".value(Token::CloseBrace)))
        .parse_next(input)
}

fn word<'a>(input: &mut Input<'a>) -> winnow::Result<Token<'a>> {
    take_while(1.., |c: char| !c.is_ascii_whitespace() && !PUNCTUATION.contains(&c)).map(Token::Word).parse_next(input)
}

const PUNCTUATION: [char; 12] = ['(', ')', '{', '}', '=', '<', '>', '!', ',', '≥', '≤', '≠'];
