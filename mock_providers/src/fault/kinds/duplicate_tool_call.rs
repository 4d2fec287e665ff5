//! A tool is called twice.

use crate::dialect::{Answer, Ask, Format, Part};
use crate::fault::Act;
use crate::fault::kind::{Family, Kind, Make};
use crate::luck::Draw;
use std::sync::Arc;

pub(in crate::fault) static KIND: Kind = Kind {
    name: "duplicate_tool_call",
    family: Family::Content,
    about: "A tool is called twice with the same arguments; answers that call none are left alone.",
    example: "duplicate_tool_call",
    takes: &[],
    make: Make::Act(|_| Arc::new(DuplicateToolCall)),
};

#[derive(Debug)]
struct DuplicateToolCall;

impl Act for DuplicateToolCall {
    fn say(&self, answer: &mut Answer, _ask: &Ask<'_>, _format: &dyn Format, _draw: &mut Draw) -> bool {
        let call = answer.parts.iter().find(|part| matches!(part, Part::Call { .. })).cloned();
        let called = call.is_some();
        answer.parts.extend(call);
        called
    }
}
