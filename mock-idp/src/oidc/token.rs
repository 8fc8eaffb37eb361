//! The token endpoint: a code becomes an ID token and an access token.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ground::{Secret, random};
use http::{StatusCode, header};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use super::claims;
use super::client_auth;
use super::error::{self, OAuthError, json_error};
use super::grants::{AccessToken, Grant, NotRedeemed, TOKEN_LIFETIME};
use super::pkce;
use crate::Event;
use crate::keys::SigningError;
use crate::misbehaviour::{Kid, Signature, TokenFaults};
use crate::model::{Actor, App, AppId, Entry, EventType, Party, User, UserStatus};
use crate::site::Site;
use crate::web::{Params, Visit, read_form};

/// `/oauth2/v1/token` (RFC 6749, 3.2).
pub(super) async fn token(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let form = match read_form(request).await {
        Ok(form) => form,
        Err(StatusCode::UNSUPPORTED_MEDIA_TYPE) => return error::invalid_request().into_response(),
        Err(status) => return json_error(status, "invalid_request", "Invalid request"),
    };
    if let Some((status, error, description)) = site.misbehaviour.token_endpoint_error(&visit.request_id) {
        return json_error(status, &error, &description);
    }
    let app = match client_auth::authenticate(&site, &visit, &form) {
        Ok(app) => app,
        Err((error, claimed)) => return refuse(&site, &visit, claimed.as_deref(), &error),
    };
    match redeem(&site, &visit, &app, &form) {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response(),
        Err(error) => refuse(&site, &visit, Some(app.client_id()), &error),
    }
}

fn redeem(site: &Site, visit: &Visit, app: &App, form: &Params) -> Result<Value, OAuthError> {
    let code = code_of(form)?;
    let now = site.now();
    let fits = |grant: &Grant| {
        if grant.app != app.id {
            return Err(error::mismatched_client());
        }
        if form.value("redirect_uri") != Some(grant.redirect_uri.as_str()) {
            return Err(error::mismatched_redirect_uri());
        }
        pkce::check(grant.challenge.as_ref(), form.value("code_verifier"))
    };
    let grant = site.grants.redeem(code, now, fits).map_err(|refusal| match refusal {
        NotRedeemed::Unfit(error) => error,
        NotRedeemed::Invalid => error::invalid_authorization_code(),
        NotRedeemed::Reused(revoked) => {
            note_reuse(site, visit, app, code, revoked);
            error::invalid_authorization_code()
        }
    })?;
    // Whoever was let in a moment ago may be out by now.
    let user = site.model.user(&grant.user).filter(|user| user.status == UserStatus::Active);
    let user = user.ok_or_else(error::invalid_authorization_code)?;
    if site.model.assignment(&app.id, &user.id).is_none() {
        return Err(error::user_not_assigned());
    }
    let issued = issue(site, visit, app, &user, grant, code, now);
    issued.map_err(|_| error::token_not_generated())?.ok_or_else(error::invalid_authorization_code)
}

fn code_of(form: &Params) -> Result<&str, OAuthError> {
    if form.duplicate().is_some() {
        return Err(error::duplicate_parameters());
    }
    match form.value("grant_type") {
        None => return Err(error::missing_grant_type()),
        Some("authorization_code") => {}
        Some(_) => return Err(error::unsupported_grant_type()),
    }
    form.value("code").ok_or_else(|| error::missing_parameter("code"))
}

/// Makes both tokens; nothing when the code was reused meanwhile.
fn issue(
    site: &Site,
    visit: &Visit,
    app: &App,
    user: &Arc<User>,
    grant: Grant,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Option<Value>, SigningError> {
    let issuer = site.issuer();
    let access_claims = claims::access_token(&grant, user, &issuer, now);
    let access_token = site.keys.sign_access_token(&access_claims)?;
    let mut id_claims = claims::id_token(&grant, user, &issuer, site.model.org_id(), &access_token, now);
    let faults = site.misbehaviour.spoil_id_token(&mut id_claims, &visit.request_id);
    let id_token = sign_id_token(site, app, &id_claims, faults)?;
    let scope = grant.scopes.to_string();
    let jti = access_claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned();
    let entry = AccessToken { grant, jti, issued: now };
    if !site.grants.keep(code, &access_token, entry, now) {
        return Ok(None);
    }
    log_tokens(site, visit, app, user);
    site.sink.emit(Event::TokensIssued {
        request: visit.request_id.clone(),
        app: app.id.clone(),
        user: user.id.clone(),
        code: Secret::new("code", code),
        id_token: Secret::new("id token", id_token.as_str()),
        id_token_claims: id_claims,
        access_token: Secret::new("access token", access_token.as_str()),
    });
    Ok(Some(json!({
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME.num_seconds(),
        "access_token": access_token,
        "scope": scope,
        "id_token": id_token,
    })))
}

fn sign_id_token(
    site: &Site,
    app: &App,
    claims: &Map<String, Value>,
    faults: TokenFaults,
) -> Result<String, SigningError> {
    let unknown = random::token();
    let kid = match faults.kid {
        None => Some(site.keys.kid()),
        Some(Kid::Unknown) => Some(unknown.as_str()),
        Some(Kid::Absent) => None,
    };
    match faults.signature {
        None => site.keys.sign_id_token(kid, claims),
        Some(Signature::Wrong) => site.keys.sign_wrongly(kid, claims),
        Some(Signature::None) => Ok(unsigned(kid, claims)),
        Some(Signature::Hs256WithClientSecret) => {
            let secret = app.secret.as_ref().map_or("", Secret::expose);
            let header = Header { typ: None, kid: kid.map(str::to_owned), ..Header::new(Algorithm::HS256) };
            Ok(jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret.as_bytes()))?)
        }
    }
}

/// A JWT of the algorithm `none` (RFC 7519, 6), which no library makes.
fn unsigned(kid: Option<&str>, claims: &Map<String, Value>) -> String {
    let mut header = json!({ "alg": "none" });
    if let Some(kid) = kid {
        header["kid"] = kid.into();
    }
    let part = |value: String| URL_SAFE_NO_PAD.encode(value);
    format!("{}.{}.", part(header.to_string()), part(Value::Object(claims.clone()).to_string()))
}

fn log_tokens(site: &Site, visit: &Visit, app: &App, user: &User) {
    let cause = visit.cause(Actor::App(app.id.clone()));
    for (event, kind) in
        [(EventType::AccessTokenGrant, "access_token"), (EventType::IdTokenGrant, "id_token")]
    {
        let token = Party::new(kind, "unknown", user.id.as_str(), "unknown");
        site.model
            .log(Entry::of(event).to(user.party()).to(token).with("grantType", "authorization_code"), &cause);
    }
}

fn note_reuse(site: &Site, visit: &Visit, app: &App, code: &str, revoked: usize) {
    let cause = visit.cause(Actor::App(app.id.clone()));
    for _ in 0..revoked {
        let token = Party::new("access_token", "unknown", "unknown", "unknown");
        site.model.log(Entry::of(EventType::TokenRevoke).to(token).with("reason", "code reused"), &cause);
    }
    site.sink.emit(Event::CodeReused {
        request: visit.request_id.clone(),
        code: Secret::new("code", code),
        revoked,
    });
}

fn refuse(site: &Site, visit: &Visit, client_id: Option<&str>, error: &OAuthError) -> Response {
    let actor = AppId::new(client_id.unwrap_or("unknown"));
    site.model.log(Entry::of(EventType::TokenGrant).failed(error.reason), &visit.cause(Actor::App(actor)));
    site.sink.emit(Event::TokenRefused {
        request: visit.request_id.clone(),
        client_id: client_id.map(str::to_owned),
        error: error.error.to_owned(),
        reason: error.reason.to_owned(),
        description: error.description.clone(),
    });
    error.clone().into_response()
}
