//! The state machine's definition: its shape, its errors, its payloads, and its expressions run by a real JSONata engine.

mod asl;
mod errors;
mod payloads;
mod runs;
mod shape;
