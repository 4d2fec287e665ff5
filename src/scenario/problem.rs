//! What is wrong with a scenario, where, and what to do about it.
//!
//! Rules: a problem says what is wrong in one line; `help` says what to write instead; `note` adds what one may need
//! to know. Colour only when asked for. Nothing is printed here.

use super::source::{Source, Span};
use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};
use std::fmt::{self, Write as _};

/// More problems than this are counted, not shown.
const SHOWN: usize = 50;

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The scenario cannot run.
    Error,
    /// It runs, but perhaps not as meant.
    Warning,
}

/// Something wrong at one place of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters are meant; 0 for a place between two.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What else helps to understand it.
    pub note: Option<String>,
    /// Another place that has a part in it, and which.
    pub related: Option<(usize, String)>,
    span: Span,
    related_span: Option<Span>,
}

impl Problem {
    pub(crate) fn error(source: &Source, at: &Span, message: impl Into<String>) -> Self {
        let span = source.first_line(at);
        let (line, column) = source.position(span.start);
        Self {
            severity: Severity::Error,
            line,
            column,
            len: source.slice(&span).chars().count(),
            message: message.into(),
            help: None,
            note: None,
            related: None,
            span,
            related_span: None,
        }
    }

    pub(crate) fn warning(source: &Source, at: &Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(source, at, message) }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    pub(crate) fn related(mut self, source: &Source, at: &Span, label: impl Into<String>) -> Self {
        let span = source.first_line(at);
        self.related = Some((source.position(span.start).0, label.into()));
        self.related_span = Some(span);
        self
    }

    /// Where it stands in the file: problems are told in this order.
    pub(crate) fn start(&self) -> usize {
        self.span.start
    }

    /// The problem in one line: `name:line:column: error: message (help)`.
    #[must_use]
    pub fn one_line(&self, name: &str) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut line = format!("{name}:{}:{}: {severity}: {}", self.line, self.column, self.message);
        if let Some(help) = &self.help {
            let _ = write!(line, " ({help})");
        }
        line.replace('\n', " ")
    }

    fn render(&self, name: &str, text: &str, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut snippet = Snippet::source(text).path(name).annotation(AnnotationKind::Primary.span(self.span.clone()));
        if let (Some(span), Some((_, label))) = (&self.related_span, &self.related) {
            snippet = snippet.annotation(AnnotationKind::Context.span(span.clone()).label(label));
        }
        let mut parts: Vec<Element<'_>> = vec![snippet.into()];
        parts.extend(self.help.as_deref().map(|help| Level::HELP.message(help).into()));
        parts.extend(self.note.as_deref().map(|note| Level::NOTE.message(note).into()));
        renderer.render(&[Group::with_title(level.primary_title(self.message.as_str())).elements(parts)])
    }
}

/// Problems as people read them: each with the file's name, line and column and the source underlined.
#[must_use]
pub fn render(name: &str, text: &str, problems: &[Problem], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for problem in problems.iter().take(SHOWN) {
        out.push_str(&problem.render(name, text, &renderer));
        out.push_str("\n\n");
    }
    if problems.len() > SHOWN {
        let _ = writeln!(out, "… and {} more\n", problems.len() - SHOWN);
    }
    out
}

/// A scenario that cannot run, and all that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What the scenario is called in messages, normally its path.
    pub name: String,
    /// Its text, as far as it is text.
    pub source: String,
    /// Errors and warnings in the order of the file; at least one is an error.
    pub problems: Vec<Problem>,
}

impl Invalid {
    /// All problems as people read them, and a closing line with their number.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut out = render(&self.name, &self.source, &self.problems, colour);
        let errors = self.problems.iter().filter(|p| p.severity == Severity::Error).count();
        let s = if errors == 1 { "" } else { "s" };
        let _ = write!(out, "{}: {errors} error{s}, the scenario cannot run", self.name);
        out
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Invalid {}
