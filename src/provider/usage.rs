//! Tokens: what providers say of them, and how they are counted where nobody says.
//!
//! Vendors count alike and add up differently: where some say how many tokens of the prompt came from a cache, others
//! say how many did not. Here the prompt is always all of it.

use crate::event::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What an image counts for where nobody says, as many as vendors charge for a small one.
const IMAGE_TOKENS: u32 = 85;

/// The length of a text of so many bytes, by the rule of thumb of four bytes a token, rounded up.
#[must_use]
pub fn tokens(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX)
}

/// The length of a prompt of so many bytes and images, by the same rule.
#[must_use]
pub fn prompt_tokens(bytes: usize, images: usize) -> u32 {
    let images = u32::try_from(images).unwrap_or(u32::MAX);
    tokens(bytes).saturating_add(images.saturating_mul(IMAGE_TOKENS))
}

/// The usage as a provider tells it. No prompt is without tokens, so where there are none the figure is worth nothing.
pub(super) fn told(prompt: u32, cached: u32, answer: u32) -> Option<Usage> {
    (prompt > 0).then_some(Usage { prompt, cached: cached.min(prompt), answer, estimated: false })
}

/// The block of usage in a message, if it has one that can be read. An answer is none the worse for a block that cannot.
pub(super) fn block<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}
