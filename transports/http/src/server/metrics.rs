//! What is counted, and how it is told: the text format of Prometheus.
//!
//! No name of a space, a device or a grant is a label: they are many, and they are people's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the times that are told apart, in milliseconds.
const BOUNDS_MS: [u64; 11] = [1, 2, 5, 10, 25, 50, 100, 250, 1_000, 5_000, 60_000];

/// What only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    Accepted,
    Conflicts,
    Rejected,
    Erased,
    Unauthorized,
    Forbidden,
    Limited,
    Busy,
    HubFailed,
    ReceivedBytes,
    SentBytes,
    ConnectionsRefused,
}

const COUNTERS: [(Counter, &str, &str); 12] = [
    (Counter::Accepted, "draftkeep_hub_pushes_accepted_total", "Pushes that were accepted, repeats included."),
    (Counter::Conflicts, "draftkeep_hub_pushes_conflict_total", "Pushes over another main than expected."),
    (Counter::Rejected, "draftkeep_hub_pushes_rejected_total", "Pushes that cannot be accepted."),
    (Counter::Erased, "draftkeep_hub_drafts_erased_total", "Drafts that were erased, repeats included."),
    (Counter::Unauthorized, "draftkeep_http_unauthorized_total", "Requests without a token that is good."),
    (Counter::Forbidden, "draftkeep_http_forbidden_total", "Requests whose token gives no right to what they want."),
    (Counter::Limited, "draftkeep_http_limited_total", "Requests refused because they came too often."),
    (Counter::Busy, "draftkeep_http_busy_total", "Requests refused for want of room."),
    (Counter::HubFailed, "draftkeep_hub_failures_total", "Requests that the hub gave no answer to."),
    (Counter::ReceivedBytes, "draftkeep_http_received_bytes_total", "Bytes of requests to sync."),
    (Counter::SentBytes, "draftkeep_http_sent_bytes_total", "Bytes of answers to them."),
    (Counter::ConnectionsRefused, "draftkeep_http_connections_refused_total", "Connections beyond the limits."),
];

/// What goes up and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gauge {
    InFlight,
    Waiting,
    Streams,
    Connections,
}

const GAUGES: [(Gauge, &str, &str); 4] = [
    (Gauge::InFlight, "draftkeep_http_in_flight", "Requests under way."),
    (Gauge::Waiting, "draftkeep_http_waiting", "Devices that wait for news."),
    (Gauge::Streams, "draftkeep_http_streams", "Streams of events that are open."),
    (Gauge::Connections, "draftkeep_http_connections", "Connections that are open."),
];

#[derive(Debug, Default)]
struct Times {
    counts: [u64; BOUNDS_MS.len()],
    count: u64,
    total: Duration,
}

/// All that is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    counters: [AtomicU64; COUNTERS.len()],
    gauges: [AtomicI64; GAUGES.len()],
    /// By route and status.
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    times: Mutex<BTreeMap<&'static str, Times>>,
}

impl Metrics {
    pub(super) fn add(&self, counter: Counter, count: u64) {
        self.counters[counter as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// One more until the guard is dropped.
    pub(super) fn enter(self: &std::sync::Arc<Self>, gauge: Gauge) -> Entered {
        self.gauges[gauge as usize].fetch_add(1, Ordering::Relaxed);
        Entered { metrics: std::sync::Arc::clone(self), gauge }
    }

    pub(super) fn request(&self, route: &'static str, status: u16, took: Duration) {
        *lock(&self.requests).entry((route, status)).or_default() += 1;
        let mut times = lock(&self.times);
        let times = times.entry(route).or_default();
        times.count += 1;
        times.total = times.total.saturating_add(took);
        for (bound, count) in BOUNDS_MS.iter().zip(&mut times.counts) {
            *count += u64::from(took <= Duration::from_millis(*bound));
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        for (counter, name, help) in COUNTERS {
            head(&mut text, name, "counter", help);
            let _ = writeln!(text, "{name} {}", self.counters[counter as usize].load(Ordering::Relaxed));
        }
        for (gauge, name, help) in GAUGES {
            head(&mut text, name, "gauge", help);
            let _ = writeln!(text, "{name} {}", self.gauges[gauge as usize].load(Ordering::Relaxed));
        }
        let name = "draftkeep_http_requests_total";
        head(&mut text, name, "counter", "Requests, by route and status of the answer.");
        for ((route, status), count) in &*lock(&self.requests) {
            let _ = writeln!(text, "{name}{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        let name = "draftkeep_http_request_seconds";
        head(&mut text, name, "histogram", "How long requests took, until their answer began.");
        for (route, times) in &*lock(&self.times) {
            for (bound, count) in BOUNDS_MS.iter().zip(times.counts) {
                let (whole, thousandths) = (bound / 1_000, bound % 1_000);
                let _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"{whole}.{thousandths:03}\"}} {count}");
            }
            let _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {}", times.count);
            let _ = writeln!(text, "{name}_sum{{route=\"{route}\"}} {}", times.total.as_secs_f64());
            let _ = writeln!(text, "{name}_count{{route=\"{route}\"}} {}", times.count);
        }
        text
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts as there until it is dropped.
#[derive(Debug)]
pub(super) struct Entered {
    metrics: std::sync::Arc<Metrics>,
    gauge: Gauge,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.metrics.gauges[self.gauge as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn every_counter_and_gauge_stands_at_its_own_place() {
        for (at, (counter, ..)) in COUNTERS.iter().enumerate() {
            assert_eq!(*counter as usize, at);
        }
        for (at, (gauge, ..)) in GAUGES.iter().enumerate() {
            assert_eq!(*gauge as usize, at);
        }
    }

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Arc::new(Metrics::default());
        metrics.add(Counter::SentBytes, 7);
        metrics.request("sync", 200, Duration::from_millis(3));
        metrics.request("sync", 200, Duration::from_secs(90));
        let entered = metrics.enter(Gauge::Waiting);
        let text = metrics.text();
        for line in [
            "draftkeep_http_sent_bytes_total 7",
            "draftkeep_http_waiting 1",
            "draftkeep_http_requests_total{route=\"sync\",status=\"200\"} 2",
            "draftkeep_http_request_seconds_bucket{route=\"sync\",le=\"0.002\"} 0",
            "draftkeep_http_request_seconds_bucket{route=\"sync\",le=\"0.005\"} 1",
            "draftkeep_http_request_seconds_bucket{route=\"sync\",le=\"+Inf\"} 2",
            "draftkeep_http_request_seconds_count{route=\"sync\"} 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        drop(entered);
        assert!(metrics.text().contains("draftkeep_http_waiting 0\n"));
    }
}
