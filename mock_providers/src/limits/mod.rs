//! What a provider can take: quotas, capacity, and the keys that may ask.
//!
//! ```text
//! secret ─ Keys ─→ key's name ─ Meter (quotas) ─→ admitted ─ Pool (capacity) ─→ a Place ─→ the answer
//!                    │ unknown, expired…  │ refused: 429, figures          │ queue full
//! ```
//!
//! Rules:
//! - Everything but [`Pool`] is a pure function of what it is given; time is an offset from the drill's start.
//! - What is enforced and what is said of it are two things: [`Figures`] are honest, a [`Lie`] makes other figures of
//!   them, and no lie changes who is admitted.
//! - Nothing here knows a vendor: a dialect turns figures into headers and bodies.
//! - What is not limited costs nothing: without a quota there is no meter, without a capacity no pool.
//!
//! To add a lie: a variant of [`Lie`] with what was observed, its line in `Lie::ALL`, `Lie::name` and `Lie::tell`.

mod capacity;
mod figures;
mod keys;
mod lies;
mod limiter;
mod meter;
mod pool;
mod quota;

pub use capacity::{Arrival, Background, Capacity, Gauges, OnHangup, Room, Ticket};
pub use figures::{Figure, Figures, Hit, Resource};
pub use keys::{ApiKey, Found, Keys, Why};
pub use lies::Lie;
pub use limiter::{Limiter, Limits};
pub use meter::{Grant, Meter, Outcome, Per, Policy, Quotas, Ruling, estimate};
pub use pool::{Entry, Place, Pool};
pub use quota::{Bucket, Limit, Quota, Refill, Unusable};
