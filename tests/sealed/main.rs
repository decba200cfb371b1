//! Goal: whoever has the file, the hub, or a copy of either reads nothing that was typed; nobody who has not the keys can put anything into another's
//! place; and without its keys nothing is lost. Method: stores and hubs in memory, with every stored byte and every message looked at.

mod attacked;
mod keys;
mod left_behind;
mod secrets;
mod storing;
mod syncing;
mod tampering;
mod world;
