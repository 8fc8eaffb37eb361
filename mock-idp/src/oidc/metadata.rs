//! What the org publishes about itself: discovery and the JWK set.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::{Value, json};

use super::acr::Acr;
use super::server::AuthServer;
use crate::api::ApiError;
use crate::misbehaviour::Occasion;
use crate::model::{AppId, GrantType};
use crate::site::Site;
use crate::web::{Params, Visit};

/// How long clients may keep discovery and keys: a day, as Okta says at this time of writing for its keys.
const KEEP: &str = "max-age=86400, must-revalidate";

/// OpenID Connect Discovery 1.0, section 4. What a client may ask by `client_id` is the same for all of them, unless the
/// org misbehaves.
pub(super) async fn discovery(State(site): State<Site>, server: AuthServer, visit: Visit) -> Response {
    published(&site, &visit, metadata(&server))
}

/// A custom server's metadata by RFC 8414: that of discovery without OpenID Connect.
pub(super) async fn oauth_metadata(State(site): State<Site>, server: AuthServer, visit: Visit) -> Response {
    let mut metadata = metadata(&server);
    metadata["grant_types_supported"] = json!(server.record.grant_types());
    metadata["response_types_supported"] = json!(server.record.response_types());
    metadata["claims_supported"] =
        json!(["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"]);
    if let Some(members) = metadata.as_object_mut() {
        members.shift_remove("userinfo_endpoint");
        members.shift_remove("id_token_signing_alg_values_supported");
    }
    published(&site, &visit, metadata)
}

fn published(site: &Site, visit: &Visit, mut metadata: Value) -> Response {
    let query = Params::parse(visit.uri.query().unwrap_or_default().as_bytes());
    let asks = query.value("client_id").map(AppId::new);
    site.misbehaviour.spoil_discovery(&mut metadata, &Occasion::of(visit).with(asks.as_ref(), None));
    ([(header::CACHE_CONTROL, KEEP)], Json(metadata)).into_response()
}

/// The JWK set. (The org server's lacks the key of its access tokens.)
pub(super) async fn keys(State(site): State<Site>, server: AuthServer, visit: Visit) -> Response {
    let mut keys = server.keys.jwks();
    site.misbehaviour.spoil_key_set(&mut keys, server.keys.active().kid(), &Occasion::of(&visit));
    ([(header::CACHE_CONTROL, KEEP)], Json(keys)).into_response()
}

/// There is no such path, or no such server above it.
pub(super) async fn nothing(_: AuthServer) -> ApiError {
    ApiError::no_such_path()
}

/// What this server does, and nothing that it doesn't: the rest of Okta's lists comes with what they promise.
fn metadata(server: &AuthServer) -> Value {
    let endpoint = |name: &str| server.endpoint(name);
    let scopes = server.record.scopes.iter().filter(|scope| scope.published).map(|scope| &scope.name);
    // As in Okta, discovery speaks of what people take part in.
    let grant_types = server.record.grant_types().iter();
    let grant_types = grant_types.filter(|grant| **grant != GrantType::ClientCredentials);
    let client_authentication =
        ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
    let mut metadata = json!({
        "issuer": server.issuer(),
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "userinfo_endpoint": endpoint("userinfo"),
        "jwks_uri": endpoint("keys"),
        "response_types_supported": &server.record.response_types()[..6],
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "grant_types_supported": grant_types.collect::<Vec<_>>(),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes.collect::<Vec<_>>(),
        "token_endpoint_auth_methods_supported": client_authentication,
        "acr_values_supported": Acr::names().collect::<Vec<_>>(),
        "claims_supported": [
            "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "acr", "idp", "nonce", "name", "nickname",
            "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile",
            "zoneinfo", "locale", "address", "phone_number", "updated_at", "at_hash", "c_hash",
        ],
        "code_challenge_methods_supported": ["S256"],
        "introspection_endpoint": endpoint("introspect"),
        "introspection_endpoint_auth_methods_supported": client_authentication,
        "revocation_endpoint": endpoint("revoke"),
        "revocation_endpoint_auth_methods_supported": client_authentication,
        "end_session_endpoint": endpoint("logout"),
        "request_parameter_supported": true,
        "request_object_signing_alg_values_supported": [
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512",
        ],
        "pushed_authorization_request_endpoint": endpoint("par"),
        "device_authorization_endpoint": endpoint("device/authorize"),
    });
    if server.record.names_itself {
        metadata["authorization_response_iss_parameter_supported"] = true.into();
    }
    metadata
}
