//! Where the program's words go. Writing never panics and never stops a drill. A closed pipe is the reader's choice; any
//! other failure (a full disk) is told and remembered, since a verdict nobody can read is no verdict.

use std::io::{self, IsTerminal as _, Write as _};

/// Standard output and standard error.
pub(super) struct Out {
    colour: bool,
    colour_errors: bool,
    /// Whether a progress line stands on the terminal and must be wiped first.
    progress: bool,
    lost: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self {
            colour: !plain && io::stdout().is_terminal(),
            colour_errors: !plain && io::stderr().is_terminal(),
            progress: false,
            lost: false,
        }
    }

    pub(super) fn colour(&self) -> bool {
        self.colour
    }

    pub(super) fn colour_errors(&self) -> bool {
        self.colour_errors
    }

    /// Bytes to standard output, as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.wipe();
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        drop(stdout);
        if let Err(error) = written.or_else(|e| if e.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(e) })
            && !std::mem::replace(&mut self.lost, true)
        {
            self.error(&format!("the output could not be written: {error}"));
        }
    }

    /// Whether some of the output was lost.
    pub(super) fn lost(&self) -> bool {
        self.lost
    }

    /// A line to standard output.
    pub(super) fn line(&mut self, text: &str) {
        self.raw(format!("{text}\n").as_bytes());
    }

    /// A line to standard error.
    pub(super) fn error(&mut self, text: &str) {
        self.wipe();
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// What is going on, on a terminal only; the next output replaces it.
    pub(super) fn progress(&mut self, text: &str) {
        if io::stderr().is_terminal() {
            self.progress = true;
            let text: String = text.chars().take(78).collect();
            let _ = write!(io::stderr().lock(), "\r\x1b[K{text}").and_then(|()| io::stderr().flush());
        }
    }

    fn wipe(&mut self) {
        if std::mem::take(&mut self.progress) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
