//! How many connections there are, and of whom.

use crate::fault;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The connections of a listener, by address.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    by_address: Arc<Mutex<(usize, BTreeMap<IpAddr, usize>)>>,
    most: usize,
    most_of_one: usize,
}

/// A place among them, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    of: Connections,
    address: IpAddr,
}

impl Connections {
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self { by_address: Arc::default(), most, most_of_one }
    }

    /// A place for one more of this address; none where there are enough.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        let mut all = self.lock();
        let (total, by_address) = &mut *all;
        let is_full = *total >= self.most || by_address.get(&address).is_some_and(|count| *count >= self.most_of_one);
        if is_full && !fault::on("http-connections-without-limit") {
            return None;
        }
        *total += 1;
        *by_address.entry(address).or_default() += 1;
        Some(Place { of: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, (usize, BTreeMap<IpAddr, usize>)> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.of.lock();
        let (total, by_address) = &mut *all;
        *total = total.saturating_sub(1);
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_by_address_and_given_back() {
        let connections = Connections::new(3, 2);
        let [one, two]: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
        let first = connections.enter(one).unwrap();
        let second = connections.enter(one).unwrap();
        assert!(connections.enter(one).is_none(), "two are enough of one");
        let third = connections.enter(two).unwrap();
        drop(first);
        let again = connections.enter(one).unwrap();
        assert!(connections.enter(two).is_none(), "three are enough");
        drop((second, third, again));
        assert_eq!(*connections.lock(), (0, BTreeMap::new()));
    }
}
