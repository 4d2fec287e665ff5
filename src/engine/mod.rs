//! Wires a plan into a running drill, in either world.

pub mod command;
