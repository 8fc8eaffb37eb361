//! Signing in at the org, by name and password, and out again.
//!
//! A sign-in under way is kept here, bound to the browser in which it began; the page carries its one-time
//! `stateToken`. So nobody can sign another browser in, and the page's answer goes where the sign-in was begun for.

mod admin;
mod pages;
mod pending;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::get;

pub(crate) use pages::{ask, begin, end_session};
pub(crate) use pending::{Destination, SignIns};

use crate::site::Site;

/// The pages, on the org's host.
pub(crate) fn router() -> Router<Site> {
    Router::new()
        .route("/", get(pages::home))
        .route("/signin", get(pages::again).post(pages::submit))
        .route("/login/login.htm", get(pages::login))
        .route("/login/signout", get(pages::sign_out))
        .route("/login/admin", get(admin::hand_over))
}

/// Where the admin console's host takes a session over.
pub(crate) fn admin_router() -> Router<Site> {
    Router::new().route("/login/ticket", get(admin::take_over))
}
