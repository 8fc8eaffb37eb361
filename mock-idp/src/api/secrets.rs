//! `/api/v1/apps/{app}/credentials/secrets`: an application's client secrets.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::Secret;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::{Body, timestamp};
use crate::model::{App, AppId, AppStatus, ClientSecret, ClientSecretId, Digest};
use crate::site::Site;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/api/v1/apps/{app}/credentials/secrets", get(list).post(create))
        .route("/api/v1/apps/{app}/credentials/secrets/{secret}", get(show).delete(delete))
        .route("/api/v1/apps/{app}/credentials/secrets/{secret}/lifecycle/{operation}", post(lifecycle))
}

#[derive(Deserialize)]
struct SecretBody {
    client_secret: Option<String>,
    status: Option<Status>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Active,
    Inactive,
}

async fn list(State(site): State<Site>, _: Caller, Path(app): Path<String>) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &app)?;
    Ok(Json(found.secrets().iter().map(|secret| shape(&site, &found.id, secret)).collect()))
}

/// Made up unless `client_secret` is given, and active unless `status` says otherwise.
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Path(app): Path<String>,
    Body(body): Body<SecretBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let app = AppId::new(&app);
    let secret = body.client_secret.map(|secret| Secret::new("client secret", secret));
    let active = body.status != Some(Status::Inactive);
    let made = site.model.create_client_secret(&app, secret, active, &caller.cause)?;
    Ok((StatusCode::CREATED, Json(shape(&site, &app, &made))))
}

async fn show(
    State(site): State<Site>,
    _: Caller,
    Path((app, secret)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = find(&site, &app)?;
    let shown = found.secrets().iter().find(|known| known.id.as_str() == secret);
    let shown = shown.ok_or_else(|| ApiError::not_found("OAuth2ClientSecretMediated", &secret))?;
    Ok(Json(shape(&site, &found.id, shown)))
}

async fn delete(
    State(site): State<Site>,
    caller: Caller,
    Path((app, secret)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let (app, secret) = (AppId::new(&app), ClientSecretId::new(&secret));
    site.model.delete_client_secret(&app, &secret, &caller.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn lifecycle(
    State(site): State<Site>,
    caller: Caller,
    Path((app, secret, operation)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let active = match operation.as_str() {
        "activate" => true,
        "deactivate" => false,
        _ => return Err(ApiError::no_such_path()),
    };
    let (app, secret) = (AppId::new(&app), ClientSecretId::new(&secret));
    let changed = site.model.set_client_secret_active(&app, &secret, active, &caller.cause)?;
    Ok(Json(shape(&site, &app, &changed)))
}

fn find(site: &Site, app: &str) -> Result<std::sync::Arc<App>, ApiError> {
    site.model.app(&AppId::new(app)).ok_or_else(|| ApiError::not_found("AppInstance", app))
}

fn shape(site: &Site, app: &AppId, secret: &ClientSecret) -> Value {
    let org = site.names.org_url();
    let url = format!("{org}/api/v1/apps/{app}/credentials/secrets/{}", secret.id);
    let lifecycle =
        |operation| json!({ "href": format!("{url}/lifecycle/{operation}"), "hints": { "allow": ["POST"] } });
    let (status, links) = match secret.active {
        true => (AppStatus::Active, json!({ "deactivate": lifecycle("deactivate") })),
        false => (
            AppStatus::Inactive,
            json!({
                "activate": lifecycle("activate"),
                "delete": { "href": url, "hints": { "allow": ["DELETE"] } },
            }),
        ),
    };
    json!({
        "id": secret.id,
        "status": status,
        "client_secret": secret.secret.expose(),
        // A fingerprint as long as Okta's, which doesn't say how it makes it.
        "secret_hash": URL_SAFE_NO_PAD.encode(&Digest::of(secret.secret.expose()).bytes()[..16]),
        "created": timestamp(secret.created),
        "lastUpdated": timestamp(secret.last_updated),
        "_links": links,
    })
}
