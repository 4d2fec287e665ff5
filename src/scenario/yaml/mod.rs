//! The one place that knows the YAML parser: bytes in, a located tree or problems out.
//!
//! Refused, each at its place: more than [`MAX_BYTES`], what is not UTF-8, an empty file, a second document, a key
//! given twice, `<<`, anchors and aliases, tags, `.inf` and `.nan`, deep nesting. A syntax error ends the reading;
//! everything else is collected.
//!
//! What a scenario means is no business of this room.

mod build;
mod node;
mod scalar;

pub(crate) use node::{Entry, Node, Value};
pub(crate) use scalar::verbatim;

use super::problem::Problem;
use super::source::Source;
use serde::de::DeserializeSeed as _;

/// The longest scenario that is read, in bytes.
pub(crate) const MAX_BYTES: usize = 1_000_000;

/// The parser needs time that grows with the square of this.
const MAX_BRACKETS: usize = 100;

/// Checks that the bytes are a text of a size worth reading.
pub(crate) fn decode(bytes: &[u8]) -> Result<Source, Box<(Source, Problem)>> {
    let refuse = |source: Source, offset: usize, message: String, help: &str| {
        let problem = Problem::error(&source, &(offset..offset), message).help(help);
        Err(Box::new((source, problem)))
    };
    if bytes.len() > MAX_BYTES {
        let message = "the file is larger than 1 MB, which no scenario is".to_owned();
        return refuse(Source::new(""), 0, message, "check that this is the file you meant");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(text.strip_prefix('\u{feff}').unwrap_or(text))),
        Err(error) => {
            let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or("");
            let message = format!("this is not text in UTF-8 (byte {} is not)", error.valid_up_to() + 1);
            refuse(Source::new(good), good.len(), message, "save the scenario as UTF-8; a binary file is no scenario")
        }
    }
}

/// Reads the one document of a scenario; problems that leave a tree to read come with it.
pub(crate) fn parse(source: &Source) -> Result<(Node, Vec<Problem>), Vec<Problem>> {
    if let Some(offset) = too_deep(source.text()) {
        return Err(vec![Problem::error(source, &(offset..offset + 1), "brackets are nested too deeply")]);
    }
    let walk = build::Walk::new(source);
    let result = walk.seed().deserialize(serde_yaml::Deserializer::from_str(source.text()));
    let broken_off = walk.broken_off();
    let mut problems = walk.into_problems();
    match result {
        Ok(Node { value: Value::Null, .. }) => {
            let problem = Problem::error(source, &(0..0), "the file is empty");
            Err(vec![problem.help("`hopdrill show primary-outage` prints a scenario to start from")])
        }
        Ok(node) => Ok((node, problems)),
        Err(error) if !broken_off => {
            problems.push(syntax(source, &error));
            Err(problems)
        }
        Err(_) => Err(problems),
    }
}

/// Where an opening bracket is nested too deeply, quotes and comments not considered.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BRACKETS {
            return Some(i);
        }
    }
    None
}

/// A complaint of the parser in our words.
fn syntax(source: &Source, error: &serde_yaml::Error) -> Problem {
    let said = error.to_string();
    if said.contains("more than one document") {
        let second = source.text().match_indices("\n---").last().map_or(0, |(i, _)| i + 1);
        return Problem::error(source, &(second..second + 3), "a scenario is one YAML document, here starts another")
            .help("put each scenario into a file of its own");
    }
    if said.contains("repetition limit") {
        return Problem::error(source, &(0..0), "aliases (`*name`) are not supported").help("write the values out");
    }
    let offset = error.location().map_or(0, |place| source.offset(place.line(), place.column()));
    let (what, context) = said.split_once(", while ").map_or((said.as_str(), None), |(a, b)| (a, Some(b)));
    let what = what.split(" at line ").next().unwrap_or(what).split(" at position ").next().unwrap_or(what);
    let len = source.from(offset).chars().next().filter(|c| !c.is_control()).map_or(0, char::len_utf8);
    let mut problem = Problem::error(source, &(offset..offset + len), format!("not YAML: {what}"));
    if source.from(offset).starts_with('\t') {
        problem = problem.help("YAML is indented with spaces, not tabs");
    }
    match context {
        Some(context) => problem.note(format!("while {context}")),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> (Source, Node) {
        let source = Source::new(text);
        let (node, problems) = parse(&source).unwrap();
        assert!(problems.is_empty());
        (source, node)
    }

    fn first(text: &str) -> (usize, usize, String) {
        let source = Source::new(text);
        let problem = parse(&source).map_or_else(|problems| problems, |(_, problems)| problems).remove(0);
        (problem.line, problem.column, problem.message)
    }

    fn leaves<'n>(node: &'n Node, out: &mut Vec<&'n Node>) {
        match &node.value {
            Value::List(list) => list.iter().for_each(|n| leaves(n, out)),
            Value::Map(entries) => entries.iter().for_each(|e| leaves(&e.value, out)),
            _ => out.push(node),
        }
    }

    #[test]
    fn every_scalar_knows_the_characters_it_was_written_with() {
        let (source, node) = tree(
            "plain: some words here # comment\nnumber: 2.50\nflow: { a: 1, b: [x y, 'it''s', \"q\\\"q\"], c: true }\n\
             nothing:\nfolded: >\n  text\n  goes on\nlast: ~\n",
        );
        let mut found = Vec::new();
        leaves(&node, &mut found);
        let written: Vec<&str> = found.iter().map(|n| source.slice(&n.at)).collect();
        assert_eq!(
            written,
            ["some words here", "2.50", "1", "x y", "'it''s'", "\"q\\\"q\"", "true", "nothing", ">", "~"]
        );
    }

    #[test]
    fn a_flow_mapping_spans_its_brackets_and_an_empty_one_points_to_its_key() {
        let (source, node) = tree("a: { b: 1 }\nc: {}\nd: [1, 2, ]\n");
        let Value::Map(entries) = &node.value else { panic!("a mapping") };
        let written: Vec<&str> = entries.iter().map(|e| source.slice(&e.value.at)).collect();
        assert_eq!(written, ["{ b: 1 }", "c", "[1, 2, ]"]);
    }

    #[test]
    fn keys_given_twice_are_refused_at_every_level() {
        assert_eq!(first("a: 1\nb: { c: 1, c: 2 }\n"), (2, 12, "`c` is given twice".into()));
        assert_eq!(first("a: 1\na: 2\n"), (2, 1, "`a` is given twice".into()));
    }

    #[test]
    fn aliases_and_merges_and_tags_are_refused_where_they_stand() {
        assert_eq!(first("a: &x { k: 1 }\nb: *x\n"), (2, 4, "aliases (`*name`) are not supported".into()));
        assert_eq!(first("a: &x 1\n"), (1, 4, "anchors are not supported".into()));
        assert_eq!(first("a:\n  <<: { k: 1 }\n"), (2, 3, "merging with `<<` is not supported".into()));
        assert_eq!(first("a: !!str 5\n"), (1, 4, "tags are not supported".into()));
        assert_eq!(first("k: 1\na: !mine 5\n"), (2, 1, "tags are not supported".into()));
    }

    #[test]
    fn infinite_numbers_and_second_documents_are_refused() {
        assert_eq!(first("a: 1\nb: .inf\n"), (2, 4, "`.inf` is not a number to plan with".into()));
        assert_eq!(first("b: [.nan]\n").1, 5);
        assert_eq!(first("a: 1\n---\nb: 2\n"), (2, 1, "a scenario is one YAML document, here starts another".into()));
    }

    #[test]
    fn a_syntax_error_is_located_and_names_its_context() {
        let (line, column, message) = first("a: 1\nb: { c: 1\nd: 2\n");
        assert_eq!((line, column), (3, 2), "{message}");
        assert!(message.starts_with("not YAML: did not find expected ',' or '}'"), "{message}");
        assert_eq!(first("a:\n\tb: 1\n").0, 2);
    }

    #[test]
    fn an_empty_file_says_so() {
        for text in ["", "\n\n", "# only a comment\n", "---\n"] {
            assert_eq!(first(text).2, "the file is empty");
        }
    }
}
