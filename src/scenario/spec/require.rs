//! `require:` of a chain or a route: what each of its targets must have to offer.

use crate::scenario::reader::Sink;
use crate::scenario::source::At;
use crate::scenario::spec::providers::capabilities;
use crate::scenario::yaml::Node;
use mock_providers::model::Capability;

/// A requirement as it was typed.
#[derive(Debug)]
pub(crate) struct Require {
    pub(crate) capabilities: Vec<At<Capability>>,
    pub(crate) min_context: Option<At<u32>>,
    pub(crate) min_quality: Option<At<f64>>,
}

pub(super) fn read(node: &Node, sink: &Sink<'_>) -> Option<Require> {
    let mut fields = sink.fields(node, "a requirement")?;
    let require = Require {
        capabilities: fields.get("capabilities").map_or(Vec::new(), |n| capabilities(n, sink)),
        min_context: fields.get("min_context").and_then(|n| sink.size(n)),
        min_quality: fields.get("min_quality").and_then(|n| sink.score(n)),
    };
    fields.finish();
    Some(require)
}
