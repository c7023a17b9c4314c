//! The Lambda edge: serve(), typed faults, logging, settings.
