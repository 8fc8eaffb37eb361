//! What the org publishes about itself: discovery and the JWK set.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::{Value, json};

use super::acr::Acr;
use super::scope;
use crate::api::ApiError;
use crate::misbehaviour::Occasion;
use crate::model::{AppId, GrantType};
use crate::site::Site;
use crate::web::{Params, Visit};

/// How long clients may keep discovery and keys: a day, as Okta says at this time of writing for its keys.
const KEEP: &str = "max-age=86400, must-revalidate";

/// OpenID Connect Discovery 1.0, section 4. What a client may ask by `client_id` is the same for all of them, unless the
/// org misbehaves.
pub(super) async fn discovery(State(site): State<Site>, visit: Visit) -> Response {
    let mut metadata = metadata(&site);
    let query = Params::parse(visit.uri.query().unwrap_or_default().as_bytes());
    let asks = query.value("client_id").map(AppId::new);
    site.misbehaviour.spoil_discovery(&mut metadata, &Occasion::of(&visit).with(asks.as_ref(), None));
    ([(header::CACHE_CONTROL, KEEP)], Json(metadata)).into_response()
}

/// The JWK set, without the key of access tokens.
pub(super) async fn keys(State(site): State<Site>, visit: Visit) -> Response {
    let mut keys = site.keys.jwks();
    site.misbehaviour.spoil_key_set(&mut keys, site.keys.kid(), &Occasion::of(&visit));
    ([(header::CACHE_CONTROL, KEEP)], Json(keys)).into_response()
}

/// Other authorization servers than the org's own are not there.
pub(super) async fn unknown_server(visit: Visit) -> Response {
    match visit.uri.path().strip_prefix("/oauth2/").and_then(|rest| rest.split('/').next()) {
        Some(id) if id != "v1" && !id.is_empty() => {
            ApiError::not_found("AuthorizationServer", id).into_response()
        }
        _ => ApiError::no_such_path().into_response(),
    }
}

/// What this org does, and nothing that it doesn't: the rest of Okta's lists comes with what they promise.
fn metadata(site: &Site) -> Value {
    let issuer = site.issuer();
    let endpoint = |name: &str| format!("{issuer}/oauth2/v1/{name}");
    let client_authentication =
        ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "userinfo_endpoint": endpoint("userinfo"),
        "jwks_uri": endpoint("keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": GrantType::ALL,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scope::SUPPORTED,
        "token_endpoint_auth_methods_supported": client_authentication,
        "acr_values_supported": Acr::names().collect::<Vec<_>>(),
        "claims_supported": [
            "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "acr", "idp", "nonce", "name", "nickname",
            "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile",
            "zoneinfo", "locale", "address", "phone_number", "updated_at", "at_hash",
        ],
        "code_challenge_methods_supported": ["S256"],
        "introspection_endpoint": endpoint("introspect"),
        "introspection_endpoint_auth_methods_supported": client_authentication,
        "revocation_endpoint": endpoint("revoke"),
        "revocation_endpoint_auth_methods_supported": client_authentication,
        "end_session_endpoint": endpoint("logout"),
        "request_parameter_supported": false,
    })
}
