//! The edge from outside: agents that speak the wire protocol, clients that speak HTTPS, an issuer of our own.

// The package's name on disk is longer than the room's.
extern crate gatewright_edge as edge;

mod agent;
mod app;
mod attacks;
mod balancing;
mod binding;
mod client;
mod control;
mod dashboard;
mod endings;
mod gatekeeping;
mod holdings;
mod http2;
mod ingress;
mod internal;
mod issuer;
mod limits;
mod modules;
mod pooling;
mod proxy_protocol;
mod proxying;
mod restarting;
mod routes;
mod smuggling;
mod streaming;
mod tcp;
mod tls;
mod traffic;
mod watching;
mod world;
