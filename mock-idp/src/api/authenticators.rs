//! `/api/v1/authenticators`: by what people can prove who they are. The org has those of
//! [`Authenticator`](crate::model::Authenticator), always active; who may enrol which, policies say. Of their settings it
//! has one: whether Okta Verify's notifications come with a number challenge.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::{Body, timestamp};
use crate::model::{Authenticator, NumberChallenge, ServerName};
use crate::site::Site;

/// Okta's name of the number challenge.
const NUMBERS: &str = "NUMBER_CHALLENGE";

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/authenticators", get(list))
        .route("/authenticators/{authenticator}", get(show).put(replace))
        .route("/authenticators/{authenticator}/methods", get(methods))
}

async fn list(State(site): State<Site>, _: Caller) -> Json<Value> {
    Json(Authenticator::ALL.into_iter().map(|authenticator| shape(&site, authenticator)).collect())
}

async fn show(State(site): State<Site>, _: Caller, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(shape(&site, find(&site, &id)?)))
}

/// What can be set. Members that nobody knows are ignored, as at Okta.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    settings: Settings,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    channel_binding: ChannelBinding,
}

/// How a notification is bound to the page that it is for.
#[derive(Deserialize)]
#[serde(default)]
struct ChannelBinding {
    style: String,
    required: String,
}

impl Default for ChannelBinding {
    fn default() -> Self {
        Self { style: NUMBERS.to_owned(), required: "NEVER".to_owned() }
    }
}

impl ChannelBinding {
    fn number_challenge(&self) -> Result<NumberChallenge, ApiError> {
        if self.style != NUMBERS {
            return Err(ApiError::invalid("style", "The style is NUMBER_CHALLENGE"));
        }
        match self.required.as_str() {
            "NEVER" => Ok(NumberChallenge::Never),
            "ALWAYS" => Ok(NumberChallenge::Always),
            "HIGH_RISK_ONLY" => Err(ApiError::invalid("required", "Not supported by this org")),
            _ => Err(ApiError::invalid("required", "It is required NEVER or ALWAYS")),
        }
    }
}

async fn replace(
    State(site): State<Site>,
    _: Caller,
    Path(id): Path<String>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let authenticator = find(&site, &id)?;
    if authenticator != Authenticator::OktaVerify {
        return Err(ApiError::unsupported());
    }
    site.model.set_number_challenge(wanted.settings.channel_binding.number_challenge()?);
    Ok(Json(shape(&site, authenticator)))
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
    let mut shape = json!({
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
    });
    if authenticator == Authenticator::OktaVerify {
        let required = if site.model.number_challenge().is_on() { "ALWAYS" } else { "NEVER" };
        shape["settings"] = json!({ "channelBinding": { "style": NUMBERS, "required": required } });
        shape["_links"]["self"]["hints"]["allow"] = json!(["GET", "PUT"]);
    }
    shape
}
