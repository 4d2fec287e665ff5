//! Clients that others wrote, run against the mock providers: see `tests/`.
