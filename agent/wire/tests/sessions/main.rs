//! Whole sessions over a connection in memory: with each other, with ngrok's own implementation, and with peers that do
//! what they must not.

mod heartbeat;
mod hostile;
mod muxado_peer;
mod ours;
mod support;
