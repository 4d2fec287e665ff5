//! What the targets of a chain are measured with: the tasks of the requests that reach it.

use super::advice::reached;
use super::plan::Plan;
use crate::event::EVAL_TENANT;
use crate::load::{Arrivals, Sdk, Stream};
use std::sync::Arc;

impl Plan {
    /// The eval set of a chain: a stream for each task that reaches it, of a tenant of its own, in the order of the load.
    /// Prompts are as long as the load has them, and streamed if most of the load is; nothing else about them is special.
    /// Vectors have no known answer to be right or wrong, so nobody is measured on them.
    #[must_use]
    pub fn eval_set(&self, chain: usize) -> Vec<Stream> {
        let mut set: Vec<Stream> = Vec::new();
        let comes_here = |stream: &&Stream| reached(stream, &self.router).iter().any(|(taken, _)| *taken == chain);
        for stream in self.load.iter().filter(|stream| stream.task.dimensions().is_none()).filter(comes_here) {
            if set.iter().any(|known| known.task == stream.task) {
                continue;
            }
            set.push(Stream {
                tenant: EVAL_TENANT.into(),
                tier: EVAL_TENANT.into(),
                task: stream.task,
                traits: Arc::default(),
                prompt_tokens: stream.prompt_tokens,
                prompts: None,
                streamed: if stream.streamed > 0.5 { 1.0 } else { 0.0 },
                risky: 0.0,
                vague: 0.0,
                sdk: Sdk::single(),
                patience: None,
                arrivals: Arrivals::Constant,
                rate: Vec::new(),
            });
        }
        set
    }

    /// Whether anything is measured in this drill by itself, apart from what clients are served.
    #[must_use]
    pub fn measures(&self) -> bool {
        !self.router.oversight.evals.is_empty() || !self.router.oversight.swaps.is_empty()
    }
}
