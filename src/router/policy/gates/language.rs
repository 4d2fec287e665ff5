//! The answer is in the language that is wanted.

use super::kind::{Arg, Args, Judges, Kind, Param, Refused, Takes};
use super::{Answer, Asked, always, prose};
use whatlang::{Detector, Lang};

/// Languages by their ISO 639-1 codes.
const KNOWN: [(&str, Lang); 15] = [
    ("en", Lang::Eng),
    ("de", Lang::Deu),
    ("fr", Lang::Fra),
    ("es", Lang::Spa),
    ("it", Lang::Ita),
    ("pt", Lang::Por),
    ("nl", Lang::Nld),
    ("pl", Lang::Pol),
    ("sv", Lang::Swe),
    ("ru", Lang::Rus),
    ("ja", Lang::Jpn),
    ("ko", Lang::Kor),
    ("zh", Lang::Cmn),
    ("ar", Lang::Ara),
    ("hi", Lang::Hin),
];

const CODES: [&str; 15] = {
    let mut codes = [""; 15];
    let mut i = 0;
    while i < codes.len() {
        codes[i] = KNOWN[i].0;
        i += 1;
    }
    codes
};

pub(super) static KIND: Kind = Kind {
    name: "language",
    about: "The answer is in this language, or too short to tell. Of JSON, its texts of several words are looked at.",
    example: "{ language: en }",
    judges: Judges::Whole,
    takes: &[Param {
        name: "is",
        takes: Takes::Word(&CODES),
        default: Some(Arg::Word("en")),
        about: "the language, by its ISO 639-1 code",
    }],
    concerns: always,
    check,
};

fn check(args: &Args, _: &Asked<'_>, answer: &Answer<'_>) -> Result<(), Refused> {
    let Some(wanted) = args.word("is") else { return Ok(()) };
    match spoken(&prose::of(answer.text)).filter(|spoken| *spoken != wanted) {
        Some(spoken) => Err(Refused::malformed(format!("the answer is in {spoken}, not in {wanted}"))),
        None => Ok(()),
    }
}

/// The language of a text, if it can be told.
fn spoken(text: &str) -> Option<&'static str> {
    let detector = Detector::with_allowlist(KNOWN.map(|(_, lang)| lang).to_vec());
    let info = detector.detect(text).filter(whatlang::Info::is_reliable)?;
    KNOWN.iter().find(|(_, lang)| *lang == info.lang()).map(|(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("The invoice was paid twice and the customer wants to have the money back.", Some("en"))]
    #[case("Guten Tag, Ihre Anfrage ist bei uns eingegangen und wird so bald wie möglich bearbeitet.", Some("de"))]
    #[case("您好，您的请求已收到，我们会尽快处理。", Some("zh"))]
    #[case("Bonjour, nous avons bien reçu votre demande et nous la traiterons dès que possible.", Some("fr"))]
    #[case("42", None)]
    #[case("", None)]
    fn a_language_is_told_where_there_is_enough_of_it(#[case] text: &str, #[case] language: Option<&str>) {
        assert_eq!(spoken(text), language);
    }
}
