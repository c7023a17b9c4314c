//! Tests that cross crates: contract, events, state machine, end to end.
