//! Bytes that nobody means well: refused quickly and in words, never with a panic.

use crate::scenario::{library, load};
use proptest::prelude::*;

const SOUND: &str = include_str!("design.yaml");

/// The message of the first problem.
fn refusal(bytes: &[u8]) -> String {
    match load("hostile.yaml", bytes) {
        Ok(_) => panic!("this loads"),
        Err(invalid) => {
            assert!(!invalid.to_string().is_empty());
            invalid.problems[0].message.clone()
        }
    }
}

#[test]
fn a_file_of_fifty_megabytes_is_refused_by_its_size() {
    assert_eq!(refusal(&vec![b'a'; 50_000_000]), "the file is larger than 1 MB, which no scenario is");
}

#[test]
fn bytes_that_are_no_text_are_refused_where_the_text_ends() {
    let invalid = load("x", b"version: 1\nname: \xff\xfe\x00").unwrap_err();
    assert_eq!(invalid.problems[0].message, "this is not text in UTF-8 (byte 18 is not)");
    assert_eq!((invalid.problems[0].line, invalid.problems[0].column), (2, 7));
    assert!(refusal(b"name: a\x00b").starts_with("not YAML: "));
    assert!(refusal(b"\x7fELF\x01\x01").starts_with("not YAML: "));
}

#[test]
fn an_alias_bomb_is_refused_at_its_first_alias() {
    let mut bomb = "a: &a [lol, lol, lol]\n".to_owned();
    for (previous, next) in ('a'..='y').zip('b'..='z') {
        let aliases = vec![format!("*{previous}"); 10].join(", ");
        bomb.push_str(&format!("{next}: &{next} [{aliases}]\n"));
    }
    assert_eq!(refusal(bomb.as_bytes()), "aliases (`*name`) are not supported");
    assert_eq!(refusal(bomb.replace("lol, lol, lol", "").as_bytes()), "aliases (`*name`) are not supported");
    assert_eq!(refusal(b"a: &a [*a]\n"), "nested deeper than 32 levels");
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    for text in ["[".repeat(900_000), "{".repeat(900_000), "[{".repeat(400_000)] {
        assert_eq!(refusal(text.as_bytes()), "brackets are nested too deeply");
    }
    assert_eq!(refusal(format!("{}x", "- ".repeat(60)).as_bytes()), "nested deeper than 32 levels");
    let stairs: String = (0..60).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert_eq!(refusal(stairs.as_bytes()), "nested deeper than 32 levels");
}

#[test]
fn a_megabyte_of_anything_is_answered_in_words() {
    let heavy = ["- ", "? ", "'", "- a\n"].map(|unit| (unit, 990_000));
    let light =
        ["a: ", "a,", "\"", "#", "|\n", "x\n", "&a ", "*a ", "!!a ", "\t", "--- \n", "é"].map(|unit| (unit, 100_000));
    for (unit, len) in heavy.into_iter().chain(light) {
        assert!(!refusal(unit.repeat(len / unit.len()).as_bytes()).is_empty(), "{unit}");
    }
    let keys: String = (0..80_000).map(|i| format!("k{i}: 1\n")).collect();
    assert_eq!(refusal(keys.as_bytes()), "more than 50000 values in one scenario");
    let keys: String = (0..20_000).map(|i| format!("k{i}: 1\n")).collect();
    let invalid = load("x", format!("{SOUND}{keys}").as_bytes()).unwrap_err();
    assert!(invalid.to_string().contains("… and 19950 more"));
}

#[test]
fn absurd_numbers_are_refused_everywhere() {
    for (good, absurd) in [
        ("deadline: 12s", "deadline: 99999999999999999999999999h"),
        ("rate: 15/s", "rate: 1e999/s"),
        ("rate: 15/s", "rate: 9999999999999999999/s"),
        ("for: 40s", "for: 18446744073709551615ms"),
        ("seed: 42", "seed: 340282366920938463463374607431768211456"),
        ("quality: 0.93", "quality: 1e308"),
        ("context: 128k", "context: 99999999999M"),
        ("tokens_per_second: 80", "tokens_per_second: -0.0"),
        ("failure_rate: 50%", "failure_rate: 99999999999999999999%"),
        ("status: 503", "status: 99999999999999999999999999999999999999999"),
        ("max_attempts: 2", "max_attempts: 4294967297"),
        ("initial: 200ms", "initial: 0.00000000000000000000001s"),
    ] {
        assert!(SOUND.contains(good), "{good}");
        assert!(!refusal(SOUND.replacen(good, absurd, 1).as_bytes()).is_empty(), "{absurd}");
    }
}

/// A text of the library with a few bytes cut out, doubled or replaced.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<&str> = library::list().map(|b| b.text).chain([SOUND]).collect();
    let edit = (
        any::<prop::sample::Index>(),
        0usize..40,
        prop::sample::select(vec![
            "", " ", "\n", "[", "]", "{", "}", ":", ": ", "- ", "\"", "'", "&a ", "*a", "<<: ", "!x ", "~", "%", "0",
            "-1", ".inf", "é", "|", "\t", "#", "---\n", "1e9", "\u{feff}", "\u{2028}", "\r",
        ]),
    );
    (prop::sample::select(texts), prop::collection::vec(edit, 1..6)).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (index, len, insert) in edits {
            let from = index.index(bytes.len() + 1);
            let until = (from + len).min(bytes.len());
            bytes.splice(from..until, insert.bytes());
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_scenario_makes_reading_panic(bytes in mutated()) {
        match load("mutated.yaml", &bytes) {
            Ok(loaded) => prop_assert!(loaded.plan.end().as_secs() > 0),
            Err(invalid) => {
                prop_assert!(!invalid.problems.is_empty());
                prop_assert!(!invalid.render(true).is_empty());
            }
        }
    }

    #[test]
    fn no_truncation_of_a_scenario_makes_reading_panic(cut in 0usize..3000) {
        let bytes = SOUND.as_bytes();
        let _ = load("cut.yaml", &bytes[..cut.min(bytes.len())]);
    }
}
