//! The end-user dashboard: a tile for each app that can be opened from it, the way to the Admin Console, Settings. What
//! a tile leads to is part of OpenID Connect.

mod pages;
mod settings;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};

use crate::console::assets;
use crate::site::Site;

/// The pages, on the org's host.
pub(crate) fn router() -> Router<Site> {
    Router::new()
        .route("/app/UserHome", get(pages::home))
        .route("/enduser/settings", get(settings::page))
        .route("/enduser/settings/set-up", post(settings::set_up))
        .route("/enduser/settings/remove", post(settings::remove))
        .route("/app/sign-out", post(pages::sign_out))
        .merge(assets())
}
