//! Tests of draftkeep in a forked process. There is nothing here but `tests/`.
