//! The gate against an issuer in memory: whole logins, and everything that must not become one.

// As the other rooms call it.
extern crate gatewright_gate as gate;

mod hand_over;
mod id_token;
mod issuer;
mod login;
mod org;
mod pages;
mod refresh;
mod several;
mod world;
