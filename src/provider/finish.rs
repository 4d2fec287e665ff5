//! Why an answer ended, in nobody's dialect.
//!
//! A reason that no table knows is kept as it came and complained about: taking it for an ordinary end is how half an
//! answer gets served as a whole one.

use super::Complaint;
use crate::event::Class;

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It is whole.
    Whole,
    /// It is whole and consists of tool calls, or is meant to.
    Calls,
    /// The token cap was reached.
    Capped,
    /// A filter stopped it; the field and its value.
    Filtered(String),
    /// The model tried to call a tool and failed; the field and its value.
    BadCall(String),
    /// It is known, and no end; the field and its value.
    Unfinished(String),
    /// Nobody knows it; the field and its value.
    Unknown(String),
}

impl Finish {
    /// An answer that a filter stopped is none.
    pub(super) fn unfiltered(self) -> Result<Self, Complaint> {
        match self {
            Self::Filtered(reason) => Err(Complaint::new(Class::ContentPolicy, reason)),
            _ => Ok(self),
        }
    }

    /// Whether an answer that ended so may be taken for whole. `called`: it has tool calls in it.
    ///
    /// # Errors
    /// It may not, and why.
    pub fn check(self, called: bool) -> Result<(), Complaint> {
        match self {
            Self::Calls if !called => Err(Complaint::new(Class::Malformed, "a tool call was announced and none came")),
            Self::Whole | Self::Calls => Ok(()),
            Self::Capped => Err(Complaint::new(Class::Malformed, "the answer hit the token cap")),
            Self::Filtered(reason) => Err(Complaint::new(Class::ContentPolicy, reason)),
            Self::BadCall(reason) => Err(Complaint::new(Class::Schema, reason)),
            Self::Unfinished(reason) => Err(Complaint::new(Class::Malformed, reason)),
            Self::Unknown(reason) => Err(Complaint::new(Class::Malformed, format!("unknown {reason}"))),
        }
    }
}
