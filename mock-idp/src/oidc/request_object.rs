//! Authorization requests that come as a JWT of the client's, the request object (OpenID Connect Core, 6.1; RFC 9101).

use serde_json::Value;

use super::assertion::{Assertion, Flaw, LONGEST_LIFE};
use super::error::{self, OAuthError};
use super::server::AuthServer;
use crate::model::{App, AppId, SignatureAlgorithm};
use crate::site::Site;
use crate::web::Params;

/// What a request object says of itself, and not of the request.
const ABOUT_ITSELF: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/// What can't be said otherwise outside of the request object.
const SAID_TWICE: [&str; 2] = ["client_id", "response_type"];

/// The request's parameters: where it has a request object, what that says in place of what stands beside it.
///
/// # Errors
/// When the request object is not the client's, is not for this server, is too old, was used, or says what can't be a
/// parameter.
pub(super) fn unpack(site: &Site, server: &AuthServer, params: Params) -> Result<Params, OAuthError> {
    let Some(text) = params.value("request") else { return Ok(params) };
    if params.has("request_uri") {
        return Err(error::request_object_and_uri());
    }
    // Who asks in the name of nobody is told so by those who read the rest.
    let client = params.value("client_id").and_then(|id| site.model.app(&AppId::new(id)));
    let Some(app) = client else { return Ok(params.without(&["request"])) };
    let object = Assertion::parse(text).ok_or_else(error::request_object_invalid)?;
    if object.issuer() != Some(app.client_id()) {
        return Err(error::request_object_invalid_issuer());
    }
    check_signature(&object, &app)?;
    check_circumstances(site, server, &object, &app)?;
    let mut merged = params.clone().without(&["request"]);
    for (name, value) in object.claims().iter().filter(|(name, _)| !ABOUT_ITSELF.contains(&name.as_str())) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(error::invalid_request_object()),
        };
        let otherwise = params.value(name).is_some_and(|beside| beside != text);
        if name == "request" || name == "request_uri" || SAID_TWICE.contains(&name.as_str()) && otherwise {
            return Err(error::invalid_request_object());
        }
        merged = merged.with(name, &text);
    }
    Ok(merged)
}

/// By a secret of the client's or by a key of its, whichever it names.
fn check_signature(object: &Assertion<'_>, app: &App) -> Result<(), OAuthError> {
    let algorithm = object.algorithm();
    let checked = match SignatureAlgorithm::of(algorithm) {
        Some(algorithm) => object.check_key(app, algorithm),
        None => object.check_mac(app, algorithm),
    };
    checked.map_err(|flaw| match flaw {
        Flaw::Algorithm => error::request_object_invalid_signature_algorithm(),
        Flaw::NoSecret => error::request_object_no_client_secret(),
        Flaw::ShortSecret => error::request_object_invalid_secret_length(),
        Flaw::NoKeys => error::request_object_jwks_not_configured(),
        Flaw::Kid => error::request_object_invalid_kid(),
        Flaw::Signature => error::request_object_bad_signature(),
    })
}

fn check_circumstances(
    site: &Site,
    server: &AuthServer,
    object: &Assertion<'_>,
    app: &App,
) -> Result<(), OAuthError> {
    if !object.is_for(&[server.issuer()]) {
        return Err(error::request_object_audience_mismatch());
    }
    let now = site.now();
    let moment = |claim: &str| match object.claims().get(claim) {
        None => Ok(None),
        Some(_) => object.moment(claim).map(Some).ok_or_else(error::request_object_invalid),
    };
    match moment("exp")? {
        Some(expires) if expires <= now => return Err(error::request_object_jwt_expired()),
        Some(expires) if expires > now + LONGEST_LIFE => {
            return Err(error::request_object_jwt_expiration_too_long());
        }
        _ => {}
    }
    if moment("iat")?.is_some_and(|issued| issued > now) {
        return Err(error::request_object_issued_in_future());
    }
    if moment("nbf")?.is_some_and(|begins| begins > now) {
        return Err(error::request_object_before_nbf());
    }
    match object.claims().get("jti") {
        None => Ok(()),
        Some(Value::String(jti)) if site.used_assertions.use_up(&app.id, jti, now) => Ok(()),
        Some(Value::String(_)) => Err(error::request_object_already_used()),
        Some(_) => Err(error::request_object_invalid()),
    }
}
