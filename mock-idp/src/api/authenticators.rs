//! `/api/v1/authenticators`: by what people can prove who they are. The org has those of
//! [`Authenticator`](crate::model::Authenticator), always active; who may enrol which, policies say.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::timestamp;
use crate::model::{Authenticator, ServerName};
use crate::site::Site;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/authenticators", get(list))
        .route("/authenticators/{authenticator}", get(show))
        .route("/authenticators/{authenticator}/methods", get(methods))
}

async fn list(State(site): State<Site>, _: Caller) -> Json<Value> {
    Json(Authenticator::ALL.into_iter().map(|authenticator| shape(&site, authenticator)).collect())
}

async fn show(State(site): State<Site>, _: Caller, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&site, find(&site, &id)?)))
}

async fn methods(
    State(site): State<Site>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let authenticator = find(&site, &id)?;
    let url = format!("{}/api/v1/authenticators/{id}/methods", site.names.org_url());
    let method = |kind: &&str| {
        let links = json!({ "self": { "href": format!("{url}/{kind}"), "hints": { "allow": ["GET"] } } });
        json!({ "type": kind, "status": "ACTIVE", "settings": {}, "_links": links })
    };
    Ok(Json(method_names(authenticator).iter().map(method).collect()))
}

fn find(site: &Site, id: &str) -> Result<Authenticator, ApiError> {
    let found = Authenticator::ALL.into_iter().find(|authenticator| id_of(site, *authenticator) == id);
    found.ok_or_else(|| ApiError::not_found("Authenticator", id))
}

/// They are as old as the org, and are named by its id.
fn id_of(site: &Site, authenticator: Authenticator) -> String {
    let org = site.model.org_id().as_str();
    let place = match authenticator {
        Authenticator::OktaPassword => 'p',
        Authenticator::OktaVerify => 'v',
        Authenticator::WebAuthn => 'w',
    };
    format!("aut{}{place}", &org[3..19])
}

fn method_names(authenticator: Authenticator) -> &'static [&'static str] {
    match authenticator {
        Authenticator::OktaPassword => &["password"],
        Authenticator::OktaVerify => &["push", "signed_nonce", "totp"],
        Authenticator::WebAuthn => &["webauthn"],
    }
}

fn shape(site: &Site, authenticator: Authenticator) -> Value {
    let (name, kind) = match authenticator {
        Authenticator::OktaPassword => ("Password", "password"),
        Authenticator::OktaVerify => ("Okta Verify", "app"),
        Authenticator::WebAuthn => ("Security Key or Biometric", "security_key"),
    };
    let id = id_of(site, authenticator);
    let url = format!("{}/api/v1/authenticators/{id}", site.names.org_url());
    let founded = site.model.authorization_server(&ServerName::Org).map(|server| server.created);
    let founded = founded.map_or(Value::Null, timestamp);
    json!({
        "type": kind,
        "id": id,
        "key": authenticator,
        "status": "ACTIVE",
        "name": name,
        "created": founded,
        "lastUpdated": founded,
        "_links": {
            "self": { "href": url, "hints": { "allow": ["GET"] } },
            "methods": { "href": format!("{url}/methods"), "hints": { "allow": ["GET"] } },
        },
    })
}
