//! Where in an exchange a fault of the transfer bites: the parameters that say so, and what they mean.

use super::kind::{Arg, Args, Param, Takes};
use crate::course::{Inside, Point};

/// Tokens that still arrive, unless the fault says otherwise.
pub(super) const AFTER_TOKENS: Param = Param {
    name: "after_tokens",
    takes: Takes::Count(0, 100_000),
    default: Some(Arg::Count(10)),
    about: "tokens that still arrive",
};

pub(super) const AFTER_EVENTS: Param = Param {
    name: "after_events",
    takes: Takes::Count(0, 100_000),
    default: None,
    about: "events of the stream that still arrive, in place of a number of tokens",
};

pub(super) const AT: Param = Param {
    name: "at",
    takes: Takes::Word(&["first_event", "tool_arguments", "finish", "usage", "terminator", "end"]),
    default: None,
    about: "what it comes right before, or inside of, in place of a number of tokens; `end` is after everything",
};

/// The same for what concerns an event rather than a place between two.
pub(super) const BEFORE: Param = Param {
    name: "at",
    takes: Takes::Word(&["first_event", "tool_arguments", "finish", "usage", "terminator"]),
    default: None,
    about: "the event that it concerns, in place of the one after a number of tokens",
};

pub(super) const INSIDE: Param = Param {
    name: "inside",
    takes: Takes::Word(&["character", "field"]),
    default: None,
    about: "goes on into the next event as far as the middle of a UTF-8 character, or of its field name",
};

/// Where this fault bites.
pub(super) fn point(args: &Args) -> Point {
    match args.word("at") {
        "first_event" => Point::Events(0),
        "tool_arguments" => Point::ToolArguments,
        "finish" => Point::Finish,
        "usage" => Point::Usage,
        "terminator" => Point::Terminator,
        "end" => Point::End,
        _ if args.has("after_events") => Point::Events(args.count32("after_events")),
        _ => Point::Tokens(args.count32("after_tokens")),
    }
}

/// How far it goes on into the next event.
pub(super) fn inside(args: &Args) -> Inside {
    match args.word("inside") {
        "character" => Inside::Character,
        "field" => Inside::Field,
        _ => Inside::Nothing,
    }
}

/// A point in words.
pub(super) fn label(what: &str, args: &Args) -> String {
    let at = args.word("at");
    let place = if at == "end" {
        "at the end".to_owned()
    } else if !at.is_empty() {
        format!("before {}", at.replace('_', " "))
    } else if args.has("after_events") {
        format!("after {} events", args.count("after_events"))
    } else {
        format!("after {} tokens", args.count("after_tokens"))
    };
    match args.word("inside") {
        "" => format!("{what} {place}"),
        inside => format!("{what} {place}, inside a {inside}"),
    }
}
