//! Patterns: literal text with marks for what varies.
//!
//! `tests/golden/README.md` explains the notation to whoever edits the files. Here is how it is matched: from left to
//! right, with backtracking. Every kind but `«text»` and `«…»` takes the longest run it can and never less; these two
//! take as little as will do. Groups try their choices in order, and repeat as often as they can.

use std::fmt;

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    Varying { kind: Kind, may_be_empty: bool, name: Option<String> },
    Sum(Vec<String>),
    Group { choices: Vec<Vec<Part>>, least: usize, most: usize },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Uint,
    Float,
    Floats,
    Seq,
    Ts,
    Rfc3339,
    GoDuration,
    Id,
    Hex,
    Text,
    Token,
    Said,
    Json,
    Base64Floats,
    Params,
    Space,
    Anything,
}

const KINDS: [(&str, Kind); 17] = [
    ("uint", Kind::Uint),
    ("float", Kind::Float),
    ("floats", Kind::Floats),
    ("seq", Kind::Seq),
    ("ts", Kind::Ts),
    ("rfc3339", Kind::Rfc3339),
    ("duration:go", Kind::GoDuration),
    ("id", Kind::Id),
    ("hex", Kind::Hex),
    ("text", Kind::Text),
    ("token", Kind::Token),
    ("said", Kind::Said),
    ("json", Kind::Json),
    ("base64:f32", Kind::Base64Floats),
    ("params", Kind::Params),
    ("space", Kind::Space),
    ("…", Kind::Anything),
];

/// What the patterns of one response have found so far: status line, headers and body share their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Found {
    notes: Vec<Note>,
}

#[derive(Debug, Clone, PartialEq)]
enum Note {
    Bound(String, String),
    Token(String),
    Seq(u64),
}

impl Found {
    fn bound(&self, name: &str) -> Option<&str> {
        self.notes.iter().find_map(|note| match note {
            Note::Bound(bound, text) if bound == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// All tokens so far, joined, as they stand on the wire (escapes and all).
    pub(crate) fn said(&self) -> String {
        let token = |note: &Note| if let Note::Token(text) = note { Some(text.clone()) } else { None };
        self.notes.iter().filter_map(token).collect()
    }

    fn note(&mut self, kind: Kind, name: Option<&str>, text: &str) {
        match kind {
            Kind::Token => self.notes.push(Note::Token(text.to_owned())),
            Kind::Seq => self.notes.extend(text.parse().ok().map(Note::Seq)),
            _ => {}
        }
        if let Some(name) = name {
            self.notes.push(Note::Bound(name.to_owned(), text.to_owned()));
        }
    }

    fn seq(&self) -> Option<u64> {
        self.notes.iter().rev().find_map(|note| if let Note::Seq(seq) = note { Some(*seq) } else { None })
    }
}

/// Where a text first differs from its pattern, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) at: usize,
    pub(crate) expected: Vec<String>,
    text: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.text.split_at(self.at);
        let line = before.matches('\n').count() + 1;
        let start = before.char_indices().rev().nth(59).map_or(0, |(at, _)| at);
        let cut = if start > 0 { "…" } else { "" };
        writeln!(f, "differs at byte {} (line {line}), after {cut}{:?}", self.at, &before[start..])?;
        for (n, expected) in self.expected.iter().enumerate() {
            writeln!(f, "  {} {}", if n == 0 { "expected" } else { "      or" }, shortened(expected))?;
        }
        write!(f, "      seen {}", shortened(after))
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(80) {
        None if text.is_empty() => "the end".to_owned(),
        None => format!("{text:?}"),
        Some((at, _)) => format!("{:?}…", &text[..at]),
    }
}

impl Pattern {
    /// Reads a pattern. A mark nobody knows is an error, so that a typo cannot become a literal.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let (parts, closed_by) = parse_choice(&mut rest)?;
        match closed_by {
            None => Ok(Self { parts }),
            Some(mark) => Err(format!("«{mark}» without a «(» before it")),
        }
    }

    /// Whether the whole text is like this; adds to `found` what it names.
    pub(crate) fn matches(&self, text: &str, found: &mut Found) -> Result<(), Mismatch> {
        let mut matcher = Matcher { text, found, furthest: 0, expected: Vec::new() };
        if matcher.parts(&self.parts, 0, &Then::End) {
            return Ok(());
        }
        Err(Mismatch { at: matcher.furthest, expected: matcher.expected, text: text.to_owned() })
    }
}

/// Texts that patterns admit: all options taken and everything repeated, or nothing of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sample {
    Short,
    Long,
}

impl Pattern {
    /// A text that this pattern admits; the error is a sum of what nothing named.
    pub(crate) fn sample(&self, sample: Sample, found: &mut Found) -> Result<String, String> {
        let mut text = String::new();
        sample_parts(&self.parts, sample, found, &mut text)?;
        Ok(text)
    }
}

fn sample_parts(parts: &[Part], sample: Sample, found: &mut Found, text: &mut String) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Sum(names) => {
                let numbers = names.iter().map(|name| found.bound(name)?.parse::<u64>().ok());
                let sum = numbers.sum::<Option<u64>>().ok_or_else(|| format!("nothing named all of {names:?}"))?;
                text.push_str(&sum.to_string());
            }
            Part::Varying { kind, may_be_empty, name } => {
                let bound = name.as_ref().and_then(|name| found.bound(name)).map(str::to_owned);
                let fresh = bound.is_none();
                let run = match (bound, sample) {
                    (Some(bound), _) => bound,
                    (None, Sample::Short) if *may_be_empty => String::new(),
                    (None, _) => kind.sample(sample, found),
                };
                if fresh {
                    found.note(*kind, name.as_deref(), &run);
                }
                text.push_str(&run);
            }
            Part::Group { choices, least, most } => {
                let (choice, times) = match sample {
                    Sample::Short => (choices.first(), *least),
                    Sample::Long => (choices.last(), (*most).min(2)),
                };
                for parts in std::iter::repeat_n(choice, times).flatten() {
                    sample_parts(parts, sample, found, text)?;
                }
            }
        }
    }
    Ok(())
}

/// Reads up to the end, or to a mark that closes a choice, which is given back.
fn parse_choice<'t>(rest: &mut &'t str) -> Result<(Vec<Part>, Option<&'t str>), String> {
    let mut parts = Vec::new();
    while let Some((literal, tail)) = rest.split_once('«') {
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.to_owned()));
        }
        let (mark, tail) = tail.split_once('»').ok_or("« without »")?;
        *rest = tail;
        match mark {
            "|" | ")" | ")?" | ")*" | ")+" => return Ok((parts, Some(mark))),
            "(" => parts.push(parse_group(rest)?),
            _ => parts.push(parse_mark(mark)?),
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(std::mem::take(rest).to_owned()));
    }
    Ok((parts, None))
}

fn parse_group(rest: &mut &str) -> Result<Part, String> {
    let mut choices = Vec::new();
    loop {
        let (choice, closed_by) = parse_choice(rest)?;
        choices.push(choice);
        let (least, most) = match closed_by {
            Some("|") => continue,
            Some(")?") => (0, 1),
            Some(")*") => (0, usize::MAX),
            Some(")+") => (1, usize::MAX),
            Some(_) => (1, 1),
            None => return Err("«(» without «)»".to_owned()),
        };
        return Ok(Part::Group { choices, least, most });
    }
}

fn parse_mark(mark: &str) -> Result<Part, String> {
    if let Some(sum) = mark.strip_prefix('=') {
        return Ok(Part::Sum(sum.split('+').map(str::to_owned).collect()));
    }
    let (kind, name) = match mark.split_once('=') {
        Some((kind, name)) => (kind, Some(name.to_owned())),
        None => (mark, None),
    };
    let (kind, may_be_empty) = match kind.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    let (_, kind) = known.ok_or_else(|| format!("nobody knows the mark «{mark}»"))?;
    Ok(Part::Varying { kind: *kind, may_be_empty, name })
}

/// What is to be matched after the parts at hand.
enum Then<'a> {
    End,
    Parts(&'a [Part], &'a Then<'a>),
    Again { group: &'a Part, count: usize, from: usize, then: &'a Then<'a> },
}

struct Matcher<'t> {
    text: &'t str,
    found: &'t mut Found,
    furthest: usize,
    expected: Vec<String>,
}

impl Matcher<'_> {
    fn parts(&mut self, parts: &[Part], at: usize, then: &Then<'_>) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return self.then(at, then);
        };
        match part {
            Part::Literal(literal) => self.literal(literal, at) && self.parts(rest, at + literal.len(), then),
            Part::Sum(names) => {
                let numbers = names.iter().map(|name| self.found.bound(name)?.parse::<u64>().ok());
                let Some(sum) = numbers.sum::<Option<u64>>() else {
                    return self.miss(at, &format!("the sum of {}, which nothing named", names.join(" and ")));
                };
                let sum = sum.to_string();
                self.literal(&sum, at) && self.parts(rest, at + sum.len(), then)
            }
            Part::Varying { kind, may_be_empty, name } => {
                let bound = name.as_ref().and_then(|name| self.found.bound(name)).map(str::to_owned);
                if let Some(bound) = bound {
                    return self.literal(&bound, at) && self.parts(rest, at + bound.len(), then);
                }
                let mut ends = kind.ends(self.text, at, self.found);
                if *may_be_empty && !ends.contains(&at) {
                    let front = *kind == Kind::Text;
                    ends.insert(if front { 0 } else { ends.len() }, at);
                }
                for end in &ends {
                    let before = self.found.notes.len();
                    self.found.note(*kind, name.as_deref(), &self.text[at..*end]);
                    if self.parts(rest, *end, then) {
                        return true;
                    }
                    self.found.notes.truncate(before);
                }
                if !ends.iter().any(|end| *end > at) {
                    self.miss(at, &format!("«{}»", kind.name()));
                }
                false
            }
            Part::Group { .. } => self.group(part, 0, None, at, &Then::Parts(rest, then)),
        }
    }

    fn group(&mut self, group: &Part, count: usize, from: Option<usize>, at: usize, then: &Then<'_>) -> bool {
        let Part::Group { choices, least, most } = group else {
            return false;
        };
        // A round that took nothing would go on for ever.
        if count < *most && from != Some(at) {
            for choice in choices {
                let before = self.found.notes.len();
                if self.parts(choice, at, &Then::Again { group, count: count + 1, from: at, then }) {
                    return true;
                }
                self.found.notes.truncate(before);
            }
        }
        count >= *least && self.then(at, then)
    }

    fn then(&mut self, at: usize, then: &Then<'_>) -> bool {
        match then {
            Then::End if at == self.text.len() => true,
            Then::End => self.miss(at, ""),
            Then::Parts(parts, then) => self.parts(parts, at, then),
            Then::Again { group, count, from, then } => self.group(group, *count, Some(*from), at, then),
        }
    }

    fn literal(&mut self, literal: &str, at: usize) -> bool {
        let rest = &self.text[at..];
        if rest.starts_with(literal) {
            return true;
        }
        let same = literal.char_indices().zip(rest.chars()).take_while(|((_, a), b)| a == b);
        let common = same.map(|((at, c), _)| at + c.len_utf8()).last().unwrap_or(0);
        self.miss(at + common, &literal[common..])
    }

    fn miss(&mut self, at: usize, expected: &str) -> bool {
        if at > self.furthest {
            self.furthest = at;
            self.expected.clear();
        }
        if at == self.furthest && self.expected.len() < 4 && !self.expected.iter().any(|e| e == expected) {
            self.expected.push(expected.to_owned());
        }
        false
    }
}

impl Kind {
    fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("?", |(name, _)| name)
    }

    fn sample(self, sample: Sample, found: &Found) -> String {
        let (short, long) = match self {
            Self::Uint => ("1", "12"),
            Self::Seq => return found.seq().map_or(0, |seq| seq + 1).to_string(),
            Self::Said => return found.said(),
            Self::Ts => ("1767225600", "1767225600"),
            Self::Float => ("1", "0.5"),
            Self::Floats => ("1", "0.5,-1"),
            Self::Rfc3339 => ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00"),
            Self::GoDuration => ("1s", "6m0s"),
            Self::Id => ("x", "x_-1"),
            Self::Hex => ("a", "a0"),
            Self::Text => ("t", r#"a \"text\""#),
            Self::Token => ("t", r#" \"t\""#),
            Self::Json => ("null", r#"{"a":[1]}"#),
            Self::Base64Floats => ("AACAPw==", "AACAPwAAAEA="),
            Self::Params => ("", "; charset=utf-8"),
            Self::Space => ("", " "),
            Self::Anything => ("", ""),
        };
        if sample == Sample::Short { short.to_owned() } else { long.to_owned() }
    }

    /// Where a run of this kind that begins at `at` may end, the preferred end first.
    fn ends(self, text: &str, at: usize, found: &Found) -> Vec<usize> {
        let rest = &text[at..];
        let run = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
        let length = match self {
            Self::Uint => Some(run(|c| c.is_ascii_digit())),
            Self::Seq => {
                let digits = run(|c| c.is_ascii_digit());
                let seq: Option<u64> = rest[..digits].parse().ok();
                (seq > found.seq()).then_some(digits)
            }
            Self::Ts => Some(run(|c| c.is_ascii_digit())).filter(|digits| *digits == 10),
            Self::Float => json_numbers(rest, false),
            Self::Floats => json_numbers(rest, true),
            Self::Rfc3339 => rfc3339(rest),
            Self::GoDuration => go_duration(rest),
            Self::Id => Some(run(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')),
            Self::Hex => Some(run(|c| matches!(c, '0'..='9' | 'a'..='f'))),
            Self::Said => Some(found.said().len()).filter(|_| rest.starts_with(&found.said())),
            Self::Json => json_value(rest),
            Self::Base64Floats => base64_floats(rest),
            Self::Params if rest.starts_with(';') => Some(run(|c| c != '"' && c != '\n')),
            Self::Params => Some(0),
            Self::Space => Some(run(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))),
            Self::Token => return vec![at + string_run(rest).last().copied().unwrap_or(0)],
            Self::Text => return string_run(rest).into_iter().map(|end| at + end).collect(),
            Self::Anything => {
                return rest.char_indices().map(|(end, _)| at + end).chain([text.len()]).collect();
            }
        };
        let may_be_empty = matches!(self, Self::Params | Self::Space | Self::Said);
        length.filter(|length| *length > 0 || may_be_empty).map(|length| at + length).into_iter().collect()
    }
}

/// All ends of characters up to what cannot stand inside a JSON string; an escape counts as one character.
fn string_run(rest: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut chars = rest.char_indices();
    while let Some((_, c)) = chars.next() {
        match c {
            '"' | '\n' | '\r' => break,
            '\\' if chars.next().is_none() => break,
            _ => ends.push(rest.len() - chars.as_str().len()),
        }
    }
    ends
}

fn json_value(rest: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

fn json_numbers(rest: &str, several: bool) -> Option<usize> {
    let fits = |c: char| matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E') || (several && c == ',');
    let length = rest.find(|c| !fits(c)).unwrap_or(rest.len());
    let all = rest[..length].split(',').all(|number| serde_json::from_str::<f64>(number).is_ok());
    all.then_some(length)
}

/// `12ms`, `7.5s`, `6m0s`, `1h2m3s`.
fn go_duration(rest: &str) -> Option<usize> {
    let (mut at, mut last) = (0, 4);
    loop {
        let number = rest[at..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len() - at);
        let unit = &rest[at + number..];
        let units = [("ms", 0), ("h", 3), ("m", 2), ("s", 1)];
        match units.into_iter().find(|(name, _)| unit.starts_with(name)) {
            Some((name, rank)) if number > 0 && rank < last => (at, last) = (at + number + name.len(), rank),
            _ => return (at > 0 && last < 2).then_some(at),
        }
    }
}

/// `2026-01-02T03:04:05Z`, with a fraction or an offset if need be.
fn rfc3339(rest: &str) -> Option<usize> {
    let shape = "0000-00-00T00:00:00";
    let head = rest.get(..shape.len())?;
    let same = |(a, b): (char, char)| if b == '0' { a.is_ascii_digit() } else { a == b };
    if !head.chars().zip(shape.chars()).all(same) {
        return None;
    }
    let mut at = shape.len();
    if rest[at..].starts_with('.') {
        let digits = rest[at + 1..].find(|c: char| !c.is_ascii_digit())?;
        at += 1 + digits;
    }
    match rest[at..].chars().next()? {
        'Z' => Some(at + 1),
        '+' | '-' => {
            let offset = rest.get(at + 1..at + 6)?;
            offset.chars().zip("00:00".chars()).all(same).then_some(at + 6)
        }
        _ => None,
    }
}

/// Base64 of finite little-endian 32-bit floats.
fn base64_floats(rest: &str) -> Option<usize> {
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c)).unwrap_or(rest.len());
    let bytes = unbase64(&rest[..length])?;
    let whole = !bytes.is_empty() && bytes.len().is_multiple_of(4);
    let finite = |four: &[u8]| <[u8; 4]>::try_from(four).is_ok_and(|four| f32::from_le_bytes(four).is_finite());
    (whole && bytes.chunks(4).all(finite)).then_some(length)
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let bare = text.trim_end_matches('=');
    if text.len() - bare.len() > 2 {
        return None;
    }
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in bare.bytes() {
        let value = DIGITS.iter().position(|d| *d == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str) -> Result<Found, Mismatch> {
        let mut found = Found::default();
        Pattern::parse(pattern).unwrap().matches(text, &mut found).map(|()| found)
    }

    fn fits(pattern: &str, text: &str) -> bool {
        check(pattern, text).is_ok()
    }

    #[test]
    fn each_kind_takes_what_it_names_and_nothing_else() {
        let table: [(&str, &[&str], &[&str]); 20] = [
            ("uint", &["0", "42"], &["", "-1", "1.5", "x"]),
            ("uint?", &["", "42"], &["x"]),
            ("float", &["1", "-0.5", "1e-7"], &["", "x", "1,2"]),
            ("floats", &["1", "0.5,-2,3e4"], &["", "1,", "1,x"]),
            ("ts", &["1767225600"], &["1767225600000", "5"]),
            ("rfc3339", &["2026-01-01T00:00:02Z", "2026-01-01T00:00:02.123+01:00"], &["2026-01-01", "now"]),
            ("duration:go", &["12ms", "1s", "7.5s", "6m0s", "1h0m0s"], &["12", "1500", "s", "6m", "1s2m", "1ms2s"]),
            ("id", &["abc-DEF_1"], &["", "a b", "a\"b"]),
            ("hex", &["0af9"], &["", "xyz", "0AF"]),
            ("text", &["a b", "it's", r#"a \"b\" c"#], &["", "a\"b", "a\nb"]),
            ("text?", &["", "a b"], &["a\"b"]),
            ("token", &["", " two"], &["a\"b"]),
            ("json", &["1", "null", r#"{"a":[1,"}"]}"#], &["", "{", "1 2", "x"]),
            ("base64:f32", &["AACAPw==", "AACAPwAAAEA="], &["", "AACA", "AAA", "AADAfw==", "AACA?w=="]),
            ("params", &["", "; charset=utf-8"], &["charset"]),
            ("space", &["", " \r\n"], &["x"]),
            ("…", &["", "a\n\"b\""], &[]),
            ("said", &[""], &["x"]),
            ("seq", &["0", "7"], &["", "x"]),
            ("id=a", &["x"], &[""]),
        ];
        for (kind, good, bad) in table {
            let pattern = format!("«{kind}»");
            assert!(good.iter().all(|text| fits(&pattern, text)), "{kind} should take each of {good:?}");
            assert!(!bad.iter().any(|text| fits(&pattern, text)), "{kind} should take none of {bad:?}");
        }
    }

    #[test]
    fn what_is_no_mark_must_be_there_byte_for_byte() {
        assert!(fits(r#"{"a":«uint»,"b":null}"#, r#"{"a":5,"b":null}"#));
        assert!(!fits(r#"{"a":«uint»,"b":null}"#, r#"{"b":null,"a":5}"#));
        assert!(!fits(r#"{"a":«uint»}"#, r#"{"a": 5}"#));
        assert!(!fits("a", "ab") && !fits("ab", "a"));
    }

    #[test]
    fn a_name_binds_once_and_must_be_the_same_afterwards() {
        assert!(fits("«id=x»/«id=x»", "a/a") && !fits("«id=x»/«id=x»", "a/b"));
        let mut found = Found::default();
        Pattern::parse("req_«id=x»").unwrap().matches("req_7", &mut found).unwrap();
        assert!(Pattern::parse("«id=x»").unwrap().matches("8", &mut found.clone()).is_err());
        assert!(Pattern::parse("«id=x»").unwrap().matches("7", &mut found).is_ok());
    }

    #[test]
    fn a_sum_is_the_sum_of_what_was_named() {
        assert!(fits("«uint=a»+«uint=b»=«=a+b»", "5+7=12") && !fits("«uint=a»+«uint=b»=«=a+b»", "5+7=13"));
        assert!(!fits("«=a+b»", "0"));
    }

    #[test]
    fn a_text_reaches_to_what_follows_it_and_not_beyond_its_string() {
        assert!(fits(r#""«text»maximum is «uint» tokens«text?»""#, r#""The maximum is 5 tokens.""#));
        assert!(!fits(r#"{"a":"«text»x"}"#, r#"{"a":"b","c":"x"}"#));
    }

    #[test]
    fn groups_are_choices_options_and_repetitions() {
        assert!(fits("«(»a«|»b«)»c", "ac") && fits("«(»a«|»b«)»c", "bc") && !fits("«(»a«|»b«)»c", "c"));
        assert!(fits("a«(»b«)?»", "a") && fits("a«(»b«)?»", "ab") && !fits("a«(»b«)?»", "abb"));
        assert!(!fits("«(»a«)+»b", "b") && fits("«(»a«)+»b", "aaab") && fits("«(»a«)*»b", "b"));
        assert!(fits("«(»x«(»1«|»2«)»«)+»", "x1x2x1"));
        assert!(fits("«(»«token»«)+»", ""));
    }

    #[test]
    fn what_a_wrong_choice_named_is_forgotten() {
        assert!(fits("«(»«id=x»!«|»«id=y»?«)»«id=x»", "a?b"));
    }

    #[test]
    fn tokens_are_gathered_and_can_be_asked_for() {
        let found = check(r#"«(»["«token»"]«)+»"«said»""#, r#"["one"][" two"][""]"one two""#).unwrap();
        assert_eq!(found.said(), "one two");
        assert!(!fits(r#"«(»["«token»"]«)+»"«said»""#, r#"["one"][" two"]"one""#));
    }

    #[test]
    fn a_sample_of_a_pattern_fits_it() {
        for (kind, _) in KINDS {
            let pattern = format!("«(»a«|»b«)»\"«{kind}=x»\"«(»«token»\"«)*»«seq»,«seq»\"«{kind}=x»\"");
            for sample in [Sample::Short, Sample::Long] {
                let text = Pattern::parse(&pattern).unwrap().sample(sample, &mut Found::default()).unwrap();
                assert!(fits(&pattern, &text), "{pattern} {text}");
            }
        }
        assert!(Pattern::parse("«=a+b»").unwrap().sample(Sample::Short, &mut Found::default()).is_err());
    }

    #[test]
    fn sequence_numbers_must_rise() {
        assert!(fits("«(»«seq»,«)+»", "0,1,5,") && !fits("«(»«seq»,«)+»", "0,1,1,") && !fits("«seq»,«seq»", "2,1"));
    }

    #[test]
    fn a_mark_nobody_knows_or_a_group_left_open_is_an_error() {
        for bad in ["«unit»", "«(»a", "a«)»", "a«", "«|»"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mismatch_says_where_it_is_and_what_stands_there() {
        let mismatch = check(r#"{"a":«uint»,"b":«(»null«|»"x"«)»}"#, r#"{"a":5,"b":true}"#).unwrap_err();
        assert_eq!((mismatch.at, &*mismatch.expected), (11, &["null".to_owned(), "\"x\"".to_owned()][..]));
        let text = mismatch.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                r#"differs at byte 11 (line 1), after "{\"a\":5,\"b\":""#,
                r#"  expected "null""#,
                r#"        or "\"x\"""#,
                r#"      seen "true}""#
            ]
        );
        assert_eq!(check("abcd", "abxd").unwrap_err().expected, ["cd"]);
        assert!(check("ab", "abc").unwrap_err().to_string().contains("expected the end"));
    }
}
