//! Goal: devices that sync through a hub lose nothing, and come to agree.
//! Method: real stores and a real hub in one process, over the public interface.

mod agreeing;
mod branching;
mod deltas;
mod losing;
mod running;
mod storing;
mod world;
