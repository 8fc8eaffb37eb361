//! The token endpoint: a code or a refresh token becomes an ID token and an access token.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use ground::Secret;
use http::{StatusCode, header};
use serde_json::Value;

use super::client_auth;
use super::error::{self, OAuthError, json_error};
use super::grants::{Grant, Granted, NotRedeemed};
use super::issue::{Given, Issuance};
use super::server::AuthServer;
use super::{client_credentials, device, pkce, refresh};
use crate::Event;
use crate::model::{Actor, App, AppId, Entry, EventType, GrantType, Party, UserStatus};
use crate::site::Site;
use crate::web::{Params, Visit, read_form};

/// `/oauth2/v1/token` (RFC 6749, 3.2).
pub(super) async fn token(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    let form = match read_form(request).await {
        Ok(form) => form,
        Err(StatusCode::UNSUPPORTED_MEDIA_TYPE) => return error::invalid_request().into_response(),
        Err(status) => return json_error(status, "invalid_request", "Invalid request"),
    };
    let app = match client_auth::authenticate(&site, &server, &visit, &form) {
        Ok(app) => app,
        Err((error, claimed)) => return refuse(&site, &server, &visit, claimed.as_deref(), &error),
    };
    match trade(&site, &server, &visit, &app, &form) {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response(),
        Err(error) => refuse(&site, &server, &visit, Some(app.client_id()), &error),
    }
}

fn trade(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    app: &App,
    form: &Params,
) -> Result<Value, OAuthError> {
    if form.duplicate().is_some() {
        return Err(error::duplicate_parameters());
    }
    match grant_type(server, app, form)? {
        GrantType::AuthorizationCode => redeem(site, server, visit, app, form),
        GrantType::RefreshToken => refresh::refresh(site, server, visit, app, form),
        // Its tokens come by way of the browser.
        GrantType::Implicit => Err(error::invalid_request()),
        GrantType::DeviceCode => device::redeem(site, server, visit, app, form),
        GrantType::ClientCredentials => client_credentials::grant(site, server, visit, app, form),
    }
}

/// What the request gives for tokens. (The org server knows client credentials only to say that it wants none.)
fn grant_type(server: &AuthServer, app: &App, form: &Params) -> Result<GrantType, OAuthError> {
    let names = |types: &[GrantType]| types.iter().map(|it| it.name()).collect::<Vec<_>>().join(", ");
    let here = server.record.grant_types().iter().filter(|it| **it != GrantType::Implicit);
    let supported = names(&here.copied().collect::<Vec<_>>());
    let asked = form.value("grant_type").ok_or_else(|| error::missing_grant_type(&supported))?;
    let known = GrantType::ALL.into_iter().find(|known| known.name() == asked);
    let known = known.filter(|known| *known != GrantType::Implicit);
    let known = known.ok_or_else(|| error::unsupported_grant_type(&supported))?;
    let own = &app.settings.grant_types;
    if own.contains(&known) { Ok(known) } else { Err(error::unauthorized_client(&names(own))) }
}

fn redeem(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    app: &App,
    form: &Params,
) -> Result<Value, OAuthError> {
    let code = form.value("code").ok_or_else(|| error::missing_parameter("code"))?;
    let now = site.now();
    let fits = |grant: &Grant| {
        if grant.app != app.id {
            return Err(error::mismatched_client());
        }
        if grant.server != *server.name() {
            return Err(error::mismatched_authorization_server());
        }
        if form.value("redirect_uri") != Some(grant.redirect_uri.as_str()) {
            return Err(error::mismatched_redirect_uri());
        }
        pkce::check(grant.challenge.as_ref(), form.value("code_verifier"))
    };
    let granted = site.grants.redeem(code, now, fits).map_err(|refusal| match refusal {
        NotRedeemed::Unfit(error) => error,
        NotRedeemed::Invalid => error::invalid_authorization_code(),
        NotRedeemed::Reused(revoked) => {
            note_reuse(site, server, visit, app, code, revoked);
            error::invalid_authorization_code()
        }
    })?;
    let issued = issue(site, server, visit, app, &granted, Given::Code(code));
    issued?.ok_or_else(error::invalid_authorization_code)
}

/// Makes the tokens that were granted; nothing when that was revoked meanwhile.
pub(super) fn issue(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    app: &App,
    granted: &Granted,
    given: Given<'_>,
) -> Result<Option<Value>, OAuthError> {
    let now = site.now();
    // Whoever was let in a moment ago may be out by now.
    let user = site.model.user(&granted.grant.user).filter(|user| user.status == UserStatus::Active);
    let Some(user) = user else { return Ok(None) };
    if site.model.assignment(&app.id, &user.id).is_none() {
        return Err(error::user_not_assigned());
    }
    let lifetimes = server.lifetimes(site, &granted.grant.token_request())?;
    let lasting = granted.grant.scopes.has("offline_access");
    let refresh_token =
        lasting.then(|| site.grants.issue_refresh_token(granted.clone(), lifetimes.refresh_token_idle, now));
    let issuance = Issuance { site, server, visit, app, user: &user, given, lifetimes, now };
    issuance.issue(granted, refresh_token)
}

fn note_reuse(site: &Site, server: &AuthServer, visit: &Visit, app: &App, code: &str, revoked: usize) {
    let cause = visit.cause(Actor::App(app.id.clone()));
    for _ in 0..revoked {
        let token = Party::new("access_token", "unknown", "unknown", "unknown");
        site.model.log(
            Entry::of(EventType::TokenRevoke.at(server.name())).to(token).with("reason", "code reused"),
            &cause,
        );
    }
    site.sink.emit(Event::CodeReused {
        request: visit.request_id.clone(),
        code: Secret::new("code", code),
        revoked,
    });
}

fn refuse(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    client_id: Option<&str>,
    error: &OAuthError,
) -> Response {
    let actor = AppId::new(client_id.unwrap_or("unknown"));
    let entry = Entry::of(EventType::TokenGrant.at(server.name())).failed(error.reason);
    site.model.log(entry, &visit.cause(Actor::App(actor)));
    site.sink.emit(Event::TokenRefused {
        request: visit.request_id.clone(),
        client_id: client_id.map(str::to_owned),
        error: error.error.to_owned(),
        reason: error.reason.to_owned(),
        description: error.description.clone(),
    });
    error.clone().into_response()
}
