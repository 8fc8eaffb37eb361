//! Which client asks, and whether it is who it says (RFC 6749, 2.3; OpenID Connect Core, section 9).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::error::{self, OAuthError};
use crate::model::{App, AppId, AppStatus, Model};
use crate::web::Params;

/// The active application whose credentials the request carries. Confidential clients may give theirs in the header or
/// in the form, whichever their settings name, as at Okta; public ones give an id alone.
///
/// # Errors
/// Okta's, beside the client id that was claimed if one was.
pub(super) fn authenticate(
    headers: &HeaderMap,
    query: Option<&str>,
    form: &Params,
    model: &Model,
) -> Result<Arc<App>, (OAuthError, Option<String>)> {
    let basic = match basic(headers) {
        Ok(basic) => basic,
        Err(error) => return Err((error, None)),
    };
    let claimed = basic.as_ref().map(|(id, _)| id.as_str()).or(form.value("client_id")).map(str::to_owned);
    check(basic, query, form, model).map_err(|error| (error, claimed))
}

fn check(
    basic: Option<(String, String)>,
    query: Option<&str>,
    form: &Params,
    model: &Model,
) -> Result<Arc<App>, OAuthError> {
    let query = Params::parse(query.unwrap_or_default().as_bytes());
    if ["client_id", "client_secret", "client_assertion"].iter().any(|name| query.has(name)) {
        return Err(error::client_credentials_in_query());
    }
    let kinds = [basic.is_some(), form.has("client_secret"), form.has("client_assertion")];
    if kinds.iter().filter(|kind| **kind).count() > 1 {
        return Err(error::multiple_client_credentials());
    }
    if form.has("client_assertion") {
        return Err(error::invalid_client());
    }
    let (id, secret) = match basic {
        Some((id, _)) if form.value("client_id").is_some_and(|other| other != id) => {
            return Err(error::multiple_client_credentials());
        }
        Some((id, secret)) => (id, Some(secret)),
        None => {
            let id = form.value("client_id").ok_or_else(error::missing_client_credentials)?;
            (id.to_owned(), form.value("client_secret").map(str::to_owned))
        }
    };
    let app = model.app(&AppId::new(&id)).filter(|app| app.status == AppStatus::Active);
    let app = app.ok_or_else(error::invalid_client_id)?;
    match (&app.secret, secret) {
        (Some(right), Some(given)) if right.matches(&given) => Ok(app),
        (Some(_), Some(_)) => Err(error::invalid_client_secret()),
        (Some(_), None) => Err(error::invalid_client()),
        (None, None) => Ok(app),
        (None, Some(_)) => Err(error::invalid_client()),
    }
}

/// Id and secret of a Basic header. Both are form-encoded inside it (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, OAuthError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| error::invalid_basic_credentials())?;
    let (scheme, credentials) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(error::invalid_basic_credentials());
    }
    let decoded = STANDARD.decode(credentials.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(error::invalid_basic_credentials)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(error::invalid_basic_credentials)?;
    Ok(Some((form_decoded(id), form_decoded(secret))))
}

fn form_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
