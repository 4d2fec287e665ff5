//! Whether a request is one that a fault is meant for.

use super::{Endpoint, Whom};
use crate::script::About;

impl Whom {
    /// Whether this request is meant. A list of models is only ever hit by who names it.
    pub(crate) fn includes(&self, request: &About<'_>) -> bool {
        let among = |names: &[std::sync::Arc<str>], name: &str| names.is_empty() || names.iter().any(|n| &**n == name);
        among(&self.models, request.model)
            && among(&self.keys, request.api_key)
            && self.stream.is_none_or(|wanted| wanted == request.stream)
            && self.larger_than.is_none_or(|least| request.prompt_tokens > least)
            && if self.endpoints.is_empty() {
                request.endpoint != Endpoint::Models
            } else {
                self.endpoints.contains(&request.endpoint)
            }
    }
}
