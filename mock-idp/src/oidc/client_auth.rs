//! Which client asks, and whether it is who it says (RFC 6749, 2.3; OpenID Connect Core, section 9).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::assertion::{Assertion, JWT_BEARER, Presented};
use super::error::{self, OAuthError};
use super::server::AuthServer;
use crate::model::{App, AppId, AppStatus, TokenEndpointAuthMethod};
use crate::site::Site;
use crate::web::{Params, Visit};

/// The active application whose credentials the request carries. Clients that have a secret may give it in the header or
/// in the form, whichever their settings name, as at Okta; public ones give an id alone; those whose settings name a
/// JWT give one.
///
/// # Errors
/// Okta's, beside the client id that was claimed if one was.
pub(super) fn authenticate(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    form: &Params,
) -> Result<Arc<App>, (OAuthError, Option<String>)> {
    let basic = basic(&visit.headers).map_err(|error| (error, None))?;
    let assertion = form.value("client_assertion").and_then(Assertion::parse);
    let by_assertion = assertion.as_ref().and_then(Assertion::issuer);
    let claimed = basic.as_ref().map(|(id, _)| id.as_str()).or(by_assertion).or(form.value("client_id"));
    let claimed = claimed.map(str::to_owned);
    check_single(visit, form, basic.is_some())
        .and_then(|()| match form.has("client_assertion") {
            true => by_jwt(site, server, visit, form, assertion.as_ref()),
            false => by_secret(site, form, basic),
        })
        .map_err(|error| (error, claimed))
}

/// Credentials come in one place, which is not the query.
fn check_single(visit: &Visit, form: &Params, basic: bool) -> Result<(), OAuthError> {
    let query = Params::parse(visit.uri.query().unwrap_or_default().as_bytes());
    if ["client_id", "client_secret", "client_assertion"].iter().any(|name| query.has(name)) {
        return Err(error::client_credentials_in_query());
    }
    let kinds = [basic, form.has("client_secret"), form.has("client_assertion")];
    match kinds.iter().filter(|kind| **kind).count() {
        0 | 1 => Ok(()),
        _ => Err(error::multiple_client_credentials()),
    }
}

fn by_jwt(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    form: &Params,
    assertion: Option<&Assertion<'_>>,
) -> Result<Arc<App>, OAuthError> {
    if form.value("client_assertion_type") != Some(JWT_BEARER) {
        return Err(error::client_assertion_type_invalid());
    }
    let assertion = assertion.ok_or_else(error::client_assertion_invalid_jwt)?;
    if form.value("client_id").is_some_and(|other| assertion.issuer() != Some(other)) {
        return Err(error::invalid_client_id());
    }
    let endpoint = format!("{}{}", site.names.org_url(), visit.uri.path());
    let presented =
        Presented { audiences: [&endpoint, server.issuer()], now: site.now(), used: &site.used_assertions };
    assertion.client(&site.model, &presented)
}

fn by_secret(
    site: &Site,
    form: &Params,
    basic: Option<(String, Option<String>)>,
) -> Result<Arc<App>, OAuthError> {
    let (id, secret) = match basic {
        Some((id, _)) if form.value("client_id").is_some_and(|other| other != id) => {
            return Err(error::multiple_client_credentials());
        }
        Some((id, None)) => return public(site, &id).ok_or_else(error::invalid_basic_credentials),
        Some((id, secret)) => (id, secret),
        None => {
            let id = form.value("client_id").ok_or_else(error::missing_client_credentials)?;
            (id.to_owned(), form.value("client_secret").map(str::to_owned))
        }
    };
    let app = active(site, &id).ok_or_else(error::invalid_client_id)?;
    if app.settings.token_endpoint_auth_method.is_by_jwt() {
        return Err(error::invalid_token_endpoint_auth_method());
    }
    match (&app.secret, secret) {
        (Some(_), Some(given)) if app.accepts_secret(&given) => Ok(app),
        (Some(_), Some(_)) => Err(error::invalid_client_secret()),
        (Some(_), None) => Err(error::invalid_client()),
        (None, None) => Ok(app),
        (None, Some(_)) => Err(error::invalid_client()),
    }
}

fn active(site: &Site, id: &str) -> Option<Arc<App>> {
    site.model.app(&AppId::new(id)).filter(|app| app.status == AppStatus::Active)
}

fn public(site: &Site, id: &str) -> Option<Arc<App>> {
    let is_public = |app: &App| app.settings.token_endpoint_auth_method == TokenEndpointAuthMethod::None;
    active(site, id).filter(|app| is_public(app))
}

/// Id and secret of a Basic header. Both are form-encoded inside it (RFC 6749, 2.3.1). Public clients may give an id
/// alone, without a colon: so does okta-auth-js when it revokes a token.
fn basic(headers: &HeaderMap) -> Result<Option<(String, Option<String>)>, OAuthError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| error::invalid_basic_credentials())?;
    let (scheme, credentials) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(error::invalid_basic_credentials());
    }
    let decoded = STANDARD.decode(credentials.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(error::invalid_basic_credentials)?;
    let (id, secret) = decoded.split_once(':').map_or((&*decoded, None), |(id, secret)| (id, Some(secret)));
    Ok(Some((form_decoded(id), secret.map(form_decoded))))
}

fn form_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
