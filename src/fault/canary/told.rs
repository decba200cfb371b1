//! Log lines, spans and the words of a panic, heard wherever nobody else listens.

use super::exits::Exit;
use super::watch::says;
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Listens from now on. Where a test has a listener of its own, that one hears the lines, and what it does with them is the test's.
pub(super) fn listen() {
    let _ = tracing::subscriber::set_global_default(Listener);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // What a test's own code panics with is no word of the library.
        if panic.location().is_some_and(|place| place.file().starts_with("src") && !place.file().contains("fault")) {
            says(Exit::Panic, format_args!("{panic}"));
        }
        before(panic);
    }));
}

/// Hears every span and line at every level, with all their fields.
struct Listener;

impl Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        says(Exit::Log, format_args!("{field}={value:?}"));
    }

    // As it stands: what is quoted has other bytes where it has line breaks.
    fn record_str(&mut self, field: &Field, value: &str) {
        says(Exit::Log, format_args!("{field}={value}"));
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Self);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Self);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Self);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
