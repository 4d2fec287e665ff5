//! The kinds of faults, one file each.

pub(super) mod cut;
pub(super) mod early_end;
pub(super) mod error;
pub(super) mod latency;
pub(super) mod malformed;
pub(super) mod refusal;
pub(super) mod refused;
pub(super) mod reset;
pub(crate) mod schema;
pub(super) mod silence;
pub(super) mod stall;
pub(super) mod status;
pub(super) mod stream_error;
