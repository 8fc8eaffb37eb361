//! The dashboard at `https://dashboard.<domain>`: an account's endpoints, Edges, traffic, agents, people and authtokens,
//! in the browser.
//!
//! It has a sign-in of its own. Administrators change things, members look. Every change comes by POST from the
//! dashboard's own origin with the session's CSRF token; every page works without scripts, which copy
//! texts, and keep lists up to date by asking for their page again.

mod agents;
mod answer;
mod assets;
mod authtokens;
mod change;
mod edge_page;
mod edges;
mod endpoints;
mod fault;
mod frame;
mod moment;
mod oidc;
mod people;
mod router;
mod sessions;
mod sign_in;
mod traffic;
mod viewer;

pub(crate) use router::router;
