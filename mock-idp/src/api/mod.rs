//! The management API, as far as tests need it to set an org up: users, groups, apps, assignments,
//! policies, network zones, ThreatInsight, System Log. Okta's shapes, error bodies and pages, behind an API token.

mod access;
mod action_shape;
mod app_shape;
mod apps;
mod assignments;
mod attack_protection;
mod authenticators;
mod authorization_servers;
mod devices;
mod duration;
mod error;
mod factor_shape;
mod factors;
mod filter;
mod grants;
mod groups;
mod json;
mod lifecycle;
mod logs;
mod members;
mod misbehaviour;
mod paging;
mod password_shape;
mod policies;
mod policy_shape;
mod rate_limits;
mod rule_shape;
mod secrets;
mod server_policies;
mod server_scopes;
mod simulate;
#[cfg(test)]
mod tests;
mod threats;
mod users;
mod zones;

use axum::Router;
use axum::routing::{any, delete, get, post, put};

pub(crate) use access::token_of;
pub(crate) use error::ApiError;
pub(crate) use factor_shape::{Place, profile};
pub(crate) use json::{Body, optional_timestamp, timestamp};

use crate::site::Site;

/// The API, on the org's host, and what devices speak to it.
pub(crate) fn router() -> Router<Site> {
    let api = Router::new()
        .route("/users", get(users::list).post(users::create))
        .route(
            "/users/{user}",
            get(users::show).post(users::update).put(users::replace).delete(users::delete),
        )
        .route("/users/{user}/lifecycle/{operation}", post(lifecycle::operate))
        .route("/users/{user}/credentials/change_password", post(lifecycle::change_password))
        .route("/users/{user}/factors", get(factors::list).post(factors::enrol))
        .route("/users/{user}/factors/catalog", get(factors::catalog))
        .route("/users/{user}/factors/{factor}", get(factors::show).delete(factors::delete))
        .route("/users/{user}/factors/{factor}/lifecycle/activate", post(factors::activate))
        .route("/users/{user}/factors/{factor}/lifecycle/activate/poll", post(factors::activate))
        .route("/users/{user}/factors/{factor}/verify", post(factors::verify))
        .route("/users/{user}/factors/{factor}/transactions/{transaction}", get(factors::transaction))
        .route("/users/{user}/factors/{factor}/resend", post(factors::resend))
        .route("/users/{user}/sessions", delete(users::clear_sessions))
        .route("/users/{user}/appLinks", get(users::app_links))
        .route("/users/{user}/groups", get(users::groups))
        .route("/groups", get(groups::list).post(groups::create))
        .route("/groups/{group}", get(groups::show).put(groups::update).delete(groups::delete))
        .route("/groups/{group}/users", get(groups::members))
        .route("/groups/{group}/users/{user}", put(groups::add).delete(groups::remove))
        .route("/apps", get(apps::list).post(apps::create))
        .route("/apps/{app}", get(apps::show).put(apps::update).delete(apps::delete))
        .route("/apps/{app}/lifecycle/{operation}", post(apps::lifecycle))
        .route("/apps/{app}/users", get(assignments::users).post(assignments::assign_user))
        .route(
            "/apps/{app}/users/{user}",
            get(assignments::user).post(assignments::update_user).delete(assignments::unassign_user),
        )
        .route("/apps/{app}/groups", get(assignments::groups))
        .route(
            "/apps/{app}/groups/{group}",
            get(assignments::group)
                .put(assignments::assign_group)
                .patch(assignments::patch_group)
                .delete(assignments::unassign_group),
        )
        .nest("/authorizationServers", servers())
        .route("/logs", get(logs::list))
        .route("/zones", get(zones::list).post(zones::create))
        .route("/zones/{zone}", get(zones::show).put(zones::replace).delete(zones::delete))
        .route("/zones/{zone}/lifecycle/{operation}", post(zones::lifecycle))
        .merge(policies::router())
        .merge(authenticators::router())
        .merge(grants::router())
        .route("/{*rest}", any(no_such_path));
    Router::new()
        .nest("/api/v1", api)
        .nest("/gatewright/v1/devices", devices::router())
        .merge(misbehaviour::router())
        .merge(threats::router())
        .merge(rate_limits::router())
        .merge(secrets::router())
        .merge(attack_protection::router())
}

/// Custom authorization servers.
fn servers() -> Router<Site> {
    use authorization_servers as server;
    use server_scopes as tokens;
    Router::new()
        .route("/", get(server::list).post(server::create))
        .route("/{server}", get(server::show).put(server::replace).delete(server::delete))
        .route("/{server}/lifecycle/{operation}", post(server::lifecycle))
        .route("/{server}/credentials/keys", get(server::keys))
        .route("/{server}/credentials/keys/{kid}", get(server::key))
        .route("/{server}/credentials/lifecycle/keyRotate", post(server::rotate_keys))
        .route("/{server}/scopes", get(tokens::scopes).post(tokens::create_scope))
        .route(
            "/{server}/scopes/{scope}",
            get(tokens::scope).put(tokens::replace_scope).delete(tokens::delete_scope),
        )
        .route("/{server}/claims", get(tokens::claims).post(tokens::create_claim))
        .route(
            "/{server}/claims/{claim}",
            get(tokens::claim).put(tokens::replace_claim).delete(tokens::delete_claim),
        )
        .merge(server_policies::router())
}

async fn no_such_path() -> ApiError {
    ApiError::no_such_path()
}
