//! The length that is told is not that of the body.

use crate::course::{Course, Length};
use crate::fault::kind::{Arg, Family, Kind, Make, Param, Takes};
use crate::fault::{Act, Scenery};
use crate::ledger::End;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "wrong_length",
    family: Family::Transfer,
    about: "A plain answer whose Content-Length is not its length: the body breaks off short of it, or it is well framed \
            and its JSON is cut short. Streams are left alone.",
    example: "{ wrong_length: { is: shorter, by: 10 } }",
    takes: &[
        Param::new(
            "is",
            Takes::Word(&["longer", "shorter"]),
            Some(Arg::Word("longer")),
            "longer or shorter than the answer",
        ),
        Param::new("by", Takes::Count(1, 1_000_000), Some(Arg::Count(20)), "by so many bytes"),
    ],
    make: Make::Act(|args| {
        let by = i64::try_from(args.count("by")).unwrap_or(i64::MAX);
        Arc::new(WrongLength { longer: args.word("is") != "shorter", by })
    }),
};

#[derive(Debug)]
struct WrongLength {
    longer: bool,
    by: i64,
}

impl Act for WrongLength {
    fn carry(&self, course: &mut Course, _scenery: &Scenery<'_>) -> bool {
        if !course.in_one_piece() {
            return false;
        }
        (course.length, course.end) = match self.longer {
            true => (Length::Told(self.by), End::Cut),
            false => (Length::Told(-self.by), End::EarlyEnd),
        };
        true
    }
}
