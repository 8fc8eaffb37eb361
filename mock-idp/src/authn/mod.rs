//! The primary authentication API, `/api/v1/authn`: a sign-in as Okta's SDKs and the Sign-In Widget of Classic Engine go
//! through it. Each answer says in which state the transaction is and links to what may come next; nothing here decides
//! about it.
//!
//! * `transaction`: transactions under way, who may take them further, and the session tokens in which they end;
//! * `endpoints` and `factors`: what clients send;
//! * `answer` and `embedded`: what they are told, for each state;
//! * `redirects`: where a session token, or a page's sign-in, becomes a session in the browser;
//! * `sessions`: the session that a browser has.

mod answer;
mod embedded;
mod endpoints;
mod factors;
mod redirects;
mod sessions;
#[cfg(test)]
mod tests;
mod transaction;

use axum::Router;
use axum::routing::{any, get, post};

pub(crate) use redirects::{redeem, step_up_path};
pub(crate) use transaction::Transactions;

use crate::api::ApiError;
use crate::site::Site;

/// The endpoints, on the org's host.
pub(crate) fn router() -> Router<Site> {
    let authn = Router::new()
        .route("/", post(endpoints::authenticate))
        .route("/introspect", post(endpoints::introspect))
        .route("/previous", post(endpoints::previous))
        .route("/skip", post(endpoints::skip))
        .route("/cancel", post(endpoints::cancel))
        .route("/credentials/change_password", post(endpoints::change_password))
        .route("/factors", post(factors::enroll))
        .route("/factors/{factor}/verify", post(factors::verify))
        .route("/factors/{factor}/verify/resend", post(factors::resend))
        .route("/factors/{factor}/lifecycle/activate", post(factors::activate))
        .route("/factors/{factor}/lifecycle/activate/poll", post(factors::poll))
        .route("/{*rest}", any(async || ApiError::no_such_path()));
    let sessions = Router::new()
        .route("/me", get(sessions::show).delete(sessions::close))
        .route("/me/lifecycle/refresh", post(sessions::refresh));
    Router::new()
        .nest("/api/v1/authn", authn)
        .nest("/api/v1/sessions", sessions)
        .route("/login/sessionCookieRedirect", get(redirects::session_cookie_redirect))
        .route("/login/step-up/redirect", get(redirects::step_up))
}
