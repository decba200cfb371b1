//! Documents as values: canonical JSON, strict reading, paths and differences.
