//! What all requests of a service have in common.

use super::authenticate::Authenticate;
use super::bucket::Buckets;
use super::limits::Limits;
use super::metrics::Metrics;
use super::tasks::Tasks;
use draftkeep::TraceId;
use draftkeep::clock::{Entropy as _, SystemEntropy};
use draftkeep::hub::Hub;
use draftkeep::transport::Transport;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) hub: Arc<dyn Transport>,
    /// The same, where it is one that counts what is in it.
    pub(super) counted: Option<Hub>,
    pub(super) authenticate: Arc<dyn Authenticate>,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) of_grant: Buckets<String>,
    pub(super) of_address: Buckets<Option<IpAddr>>,
    /// A permit for every 64 KiB of requests and answers in memory.
    pub(super) memory: Arc<Semaphore>,
    /// A permit for every thread that the hub has at once.
    pub(super) at_once: Arc<Semaphore>,
    pub(super) waiting: Arc<Semaphore>,
    pub(super) tasks: Tasks,
}

/// What one permit of memory stands for, in bytes.
const MEMORY_UNIT: usize = 64 << 10;

impl Shared {
    pub(super) fn new(hub: Arc<dyn Transport>, authenticate: Arc<dyn Authenticate>, limits: Limits) -> Self {
        Self {
            hub,
            counted: None,
            authenticate,
            metrics: Arc::default(),
            of_grant: Buckets::new(limits.of_grant),
            of_address: Buckets::new(limits.of_address),
            memory: Arc::new(Semaphore::new(limits.memory_bytes / MEMORY_UNIT)),
            at_once: Arc::new(Semaphore::new(limits.at_once)),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            tasks: Tasks::default(),
            limits,
        }
    }
}

/// How many permits so many bytes take.
pub(super) fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(MEMORY_UNIT)).unwrap_or(u32::MAX)
}

/// The trace of a request, for everything that is logged of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace(pub(crate) TraceId);

impl Trace {
    /// A trace of our own, for a request that brings none.
    pub(super) fn random() -> Self {
        let mut bytes = [0; TraceId::LEN];
        SystemEntropy.fill(&mut bytes);
        Self(TraceId::from_bytes(bytes))
    }
}
