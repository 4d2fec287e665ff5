//! What a person may say to a running drill.

/// A command. It takes effect between two instants of the drill, never within one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Command {
    /// Time stands still (virtual world only).
    Pause,
    /// Time goes on.
    Resume,
    /// Virtual seconds per wall second, 0.25 to 100; infinity means flat out.
    Speed(f64),
    /// While paused: on to the next quantum of 100 ms.
    Step,
    /// End the drill now, and judge what there is.
    Stop,
}
