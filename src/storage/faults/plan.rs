//! When a fault strikes.

use std::sync::{Mutex, PoisonError};

/// How often a fault strikes once its moment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// Once.
    Once,
    /// At that operation and at every matching one after it, until healed.
    Forever,
}

/// Faults that wait for their moment.
#[derive(Debug)]
pub(super) struct Plan<F> {
    armed: Mutex<Vec<Armed<F>>>,
}

#[derive(Debug)]
struct Armed<F> {
    fault: F,
    /// Matching operations still to pass unharmed.
    passing: u64,
    lasting: Lasting,
}

impl<F: Clone> Plan<F> {
    pub(super) const fn new() -> Self {
        Self { armed: Mutex::new(Vec::new()) }
    }

    pub(super) fn arm(&self, fault: F, nth: u64, lasting: Lasting) {
        self.with(|armed| armed.push(Armed { fault, passing: nth, lasting }));
    }

    pub(super) fn heal(&self) {
        self.with(Vec::clear);
    }

    /// Lets an operation pass; returns the first fault that strikes it.
    pub(super) fn strike(&self, concerns: impl Fn(&F) -> bool) -> Option<F> {
        self.with(|armed| {
            let mut struck = None;
            armed.retain_mut(|waiting| {
                if struck.is_some() || !concerns(&waiting.fault) {
                    return true;
                }
                if waiting.passing > 0 {
                    waiting.passing -= 1;
                    return true;
                }
                struck = Some(waiting.fault.clone());
                waiting.lasting == Lasting::Forever
            });
            struck
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Armed<F>>) -> T) -> T {
        work(&mut self.armed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
