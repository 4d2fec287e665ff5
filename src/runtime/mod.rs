//! The time and the tasks of one drill: a clock that counts from the drill's start, and the one way to start a task.
//!
//! Both worlds use tokio's clock: paused in the virtual world, running in the real one. Nothing here knows which.

mod clock;
mod spawn;

pub use clock::Clock;
pub use spawn::{MAX_IDLE_POLLS, Spawner};
