//! Another model answers than the one that was asked.

use crate::dialect::{Answer, Ask, Format};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "wrong_model",
    family: Family::Content,
    about: "The answer bears the name of another model than the one that was asked, `-lite` behind it.",
    example: "wrong_model",
    takes: &[],
    make: Make::Act(|_| Arc::new(WrongModel)),
};

#[derive(Debug)]
struct WrongModel;

impl Act for WrongModel {
    fn say(&self, answer: &mut Answer, ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        answer.model = Some(format!("{}-lite", ask.model));
        true
    }
}
