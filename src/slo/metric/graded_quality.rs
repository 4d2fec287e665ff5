//! `graded_quality(X)`: answers of X that the router's grader found good ÷ answers of X that it looked at; without X, of all
//! targets. It is what the router itself can know, `quality` is the truth. A verdict belongs to the phase in which it came.

use super::{Family, Heard, Kind, Labels, Meter, Sample, Takes};
use crate::slo::unit::Unit;

pub(super) static FAMILY: Family = Family {
    name: "graded_quality",
    takes: Takes::MaybeSubject,
    unit: Unit::Share,
    labels: Labels::None,
    windows: true,
    hears: &[Kind::Graded],
    example: "graded_quality(openai) >= 85%",
    meter: |argument, ground| {
        let targets = ground.targets_of(argument);
        Meter::Ratio(Box::new(move |note| match note.heard {
            Heard::Graded { target, good } if targets.contains(target) => {
                Some(Sample::part(note.at, u32::from(good), 1, 0)?.at(target))
            }
            _ => None,
        }))
    },
};
