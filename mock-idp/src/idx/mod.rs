//! Identity Engine's endpoints: a sign-in as Okta's Sign-In Widget and its SDKs go through it. Each answer says, in forms
//! of ION, where the sign-in stands and what may come next; nothing here decides about it.
//!
//! * `endpoints`: what clients send;
//! * `answer`: what they are told, for each stage;
//! * `forms` and `ion`: the forms, and what forms are made of;
//! * `authenticator`: how Identity Engine names what people prove with.

mod answer;
mod authenticator;
mod endpoints;
mod forms;
mod ion;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{any, get, post};

use crate::api::ApiError;
use crate::site::Site;

/// The endpoints, on the org's host.
pub(crate) fn router() -> Router<Site> {
    let idx = Router::new()
        .route("/introspect", post(endpoints::introspect))
        .route("/identify", post(endpoints::identify))
        .route("/challenge", post(endpoints::challenge))
        .route("/challenge/answer", post(endpoints::answer))
        .route("/challenge/poll", post(endpoints::poll))
        .route("/credential/enroll", post(endpoints::enroll))
        .route("/cancel", post(endpoints::cancel))
        .route("/{*rest}", any(async || ApiError::no_such_path()));
    Router::new().nest("/idp/idx", idx).route("/login/token/redirect", get(endpoints::redirect))
}
