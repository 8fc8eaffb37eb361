//! Signing in at the org, by whatever proof its policies ask for, and out again.
//!
//! * `pending`: sign-ins under way, bound to the browser in which they began; their pages carry a one-time `stateToken`,
//!   so that nobody can sign another browser in, and each ends where it was begun for;
//! * `flow`: where a sign-in stands, and how it goes on;
//! * `task`: what the person does on the way, and `proving`: what becomes of it;
//! * `views` and `pages`: how people see it, and what they send;
//! * `steps`: what these have in common with its other faces, Identity Engine's endpoints and the primary
//!   authentication API;
//! * `session`: where it ends;
//! * `admin`: the way to the admin console.

mod admin;
mod alert;
mod flow;
mod log;
mod pages;
mod pending;
mod proving;
mod session;
mod steps;
mod task;
#[cfg(test)]
mod tests;
mod views;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use alert::Alert;
pub(crate) use flow::{Choice, Refusal, Stage, judge_session};
pub(crate) use pages::{ask, begin, encoded, enough_for_security_methods, set_up, started_over};
pub(crate) use pending::{Destination, PATIENCE, SignIn, SignIns};
pub(crate) use session::{end_session, start};
pub(crate) use steps::{browser, finish, shown, under_way};
pub(crate) use task::Task;

use crate::site::Site;

/// The pages, on the org's host.
pub(crate) fn router() -> Router<Site> {
    Router::new()
        .route("/", get(pages::home))
        .route("/signin", get(pages::again).post(pages::submit))
        .route("/signin/choose", post(pages::choose))
        .route("/signin/verify", post(pages::verify))
        .route("/signin/poll", post(pages::poll))
        .route("/signin/resend", post(pages::resend))
        .route("/signin/new-password", post(pages::new_password))
        .route("/signin/back", post(pages::back))
        .route("/login/login.htm", get(pages::login))
        .route("/login/signout", get(pages::sign_out))
        .route("/login/admin", get(admin::hand_over))
}

/// Where the admin console's host takes a session over.
pub(crate) fn admin_router() -> Router<Site> {
    Router::new().route("/login/ticket", get(admin::take_over))
}
