//! The agent against a small edge and small apps, over TCP and TLS on loopback.

mod edge;
mod forwarding;
mod inspecting;
mod joining;
mod kinds;
mod losing;
mod proxies;
mod support;
