//! The agent against a small edge and small apps, over TCP and TLS on loopback.

mod edge;
mod forwarding;
mod joining;
mod losing;
mod support;
