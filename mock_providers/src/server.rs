//! stub
use crate::Distribution;
use std::sync::Arc;
/// A model as the provider serves it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name on the wire.
    pub name: Arc<str>,
    /// Time to the first token of a stream; a plain answer takes this plus its tokens' time.
    pub ttft: Distribution,
    /// Generation speed.
    pub tokens_per_second: f64,
    /// Share of right answers, 0 to 1.
    pub quality: f64,
    /// Share of answers that keep the schema asked for, 0 to 1.
    pub schema_adherence: f64,
    /// Context window in tokens.
    pub context: u32,
}
/// A connection that can be reset rather than closed.
pub trait Wire: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static {
    /// Called just before it is dropped, in place of an orderly close.
    fn reset(&mut self);
}
