//! The router: routes, chains, the driver that walks them, and the pure policy it asks.
pub mod config;
pub mod policy;
