//! stub
use crate::{engine::command::Command, scenario::plan::Plan, stats::snapshot::Snapshot};
use std::sync::Arc;
/// stub
pub struct Link {
    pub snapshots: tokio::sync::watch::Receiver<Arc<Snapshot>>,
    pub commands: std::sync::mpsc::Sender<Command>,
}
/// stub
pub fn run(_: Arc<Plan>, _: u64, _: &str, _: f64, _: Link, _: impl FnMut() -> Option<String>) -> std::io::Result<()> {
    Ok(())
}
