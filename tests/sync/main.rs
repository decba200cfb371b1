//! Goal: devices that sync through a hub lose nothing, and come to agree.
//! Method: real stores and a real hub in one process, over the public interface.

mod agreeing;
mod alike;
mod audit;
mod branching;
mod deltas;
mod earlier;
mod erasing;
mod losing;
#[cfg(feature = "metrics")]
mod measuring;
mod moving;
mod newer;
mod parked;
mod returning;
mod room;
mod running;
mod storing;
mod unfinished;
mod validated;
#[cfg(feature = "redb")]
mod waits;
mod world;
