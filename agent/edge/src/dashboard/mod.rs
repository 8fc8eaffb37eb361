//! The dashboard at `https://dashboard.<domain>`: an account's Edges, endpoints and authtokens, in the browser.
//!
//! It has a sign-in of its own. Administrators change things, members look. Every change comes by POST from the
//! dashboard's own origin with the session's CSRF token; every page works without scripts, which only copy texts.

mod answer;
mod assets;
mod authtokens;
mod change;
mod edge_page;
mod edges;
mod endpoints;
mod fault;
mod frame;
mod oidc;
mod router;
mod sessions;
mod sign_in;
mod viewer;

pub(crate) use router::router;
