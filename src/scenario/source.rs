//! The text of a scenario and the places in it. Places are byte ranges; people get lines and columns, both from 1,
//! columns counted in characters.

use std::ops::Range;
use std::sync::Arc;

/// A range of bytes of the source.
pub(crate) type Span = Range<usize>;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At<T> {
    /// What was written.
    pub(crate) value: T,
    /// Where.
    pub(crate) at: Span,
}

impl<T> At<T> {
    pub(crate) fn new(value: T, at: Span) -> Self {
        Self { value, at }
    }
}

/// The text of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    text: Arc<str>,
    /// Where each line starts, for a reader that breaks lines as YAML does.
    lines: Vec<usize>,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let mut lines = vec![0];
        let mut previous = ' ';
        for (i, c) in text.char_indices() {
            match c {
                '\n' if previous == '\r' => *lines.last_mut().unwrap_or(&mut 0) = i + 1,
                '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => lines.push(i + c.len_utf8()),
                _ => {}
            }
            previous = c;
        }
        Self { text: text.into(), lines }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The text of a span; empty if it is none of ours.
    pub(crate) fn slice(&self, span: &Span) -> &str {
        self.text.get(span.clone()).unwrap_or("")
    }

    /// The text from an offset on; empty if it is none of ours.
    pub(crate) fn from(&self, offset: usize) -> &str {
        self.text.get(offset..).unwrap_or("")
    }

    /// The byte at a line and a column, both from 1; beyond a line's end, its end.
    pub(crate) fn offset(&self, line: usize, column: usize) -> usize {
        let Some(&start) = self.lines.get(line.saturating_sub(1)) else { return self.text.len() };
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or("");
        line.char_indices().nth(column.saturating_sub(1)).map_or(end, |(i, _)| start + i)
    }

    /// The line and the column of a byte, both from 1.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&start| start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset.min(self.text.len())).unwrap_or("");
        (line, before.chars().count() + 1)
    }

    /// The part of a span that lies on its first line, without the blanks at its end.
    pub(crate) fn first_line(&self, span: &Span) -> Span {
        let text = self.slice(span);
        let line = text.split(['\n', '\r']).next().unwrap_or("");
        span.start..span.start + line.trim_end().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::new("a: é1\nb: 2\r\nc: 3");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(source.text().find('1').unwrap()), (1, 5));
        assert_eq!(source.position(source.text().find('2').unwrap()), (2, 4));
        assert_eq!(source.position(source.text().find('3').unwrap()), (3, 4));
        assert_eq!(source.position(9999), (3, 5));
    }

    #[test]
    fn an_offset_and_its_position_name_the_same_byte() {
        let source = Source::new("a: é1\nb: 2\r\nc: 3\n");
        for (i, _) in source.text().char_indices().filter(|(_, c)| !c.is_whitespace()) {
            let (line, column) = source.position(i);
            assert_eq!(source.offset(line, column), i);
        }
        assert_eq!(source.offset(99, 1), source.text().len());
    }
}
