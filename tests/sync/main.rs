//! Goal: devices that sync through a hub lose nothing, and come to agree.
//! Method: real stores and a real hub in one process, over the public interface.

mod agreeing;
mod audit;
mod branching;
mod deltas;
mod losing;
#[cfg(feature = "metrics")]
mod measuring;
mod moving;
mod parked;
mod returning;
mod running;
mod storing;
mod world;
