//! The REST drafts API over a real socket, with a real client; one file per subject.

mod phases;
mod reading;
mod refusing;
mod saving;
mod slots;
mod tenants;
mod world;
