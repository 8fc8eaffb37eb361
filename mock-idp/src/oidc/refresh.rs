//! The refresh grant: a refresh token becomes new tokens (RFC 6749, section 6).

use serde_json::Value;

use super::error::{self, OAuthError};
use super::grants::{Grant, Granted, NotRedeemed};
use super::issue::{Given, Issuance};
use super::server::AuthServer;
use crate::Event;
use crate::model::{Actor, App, Entry, EventType, TokenRequest, UserStatus};
use crate::site::Site;
use crate::web::{Params, Visit};

/// Trades the form's refresh token. Whoever it is of must still be active and assigned.
pub(super) fn refresh(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    app: &App,
    form: &Params,
) -> Result<Value, OAuthError> {
    let token = form.value("refresh_token").ok_or_else(|| error::missing_parameter("refresh_token"))?;
    let now = site.now();
    let fits = |grant: &Grant| {
        let own = grant.app == app.id && grant.server == *server.name();
        let user = site.model.user(&grant.user).filter(|user| own && user.status == UserStatus::Active);
        let user = user.ok_or_else(error::invalid_refresh_token)?;
        site.model.assignment(&app.id, &user.id).ok_or_else(error::user_not_assigned)?;
        let scopes = grant.scopes.narrowed(form.text("scope"))?;
        let asked = TokenRequest { scopes: scopes.names(), ..grant.token_request() };
        server.lifetimes(site, &asked).map(drop)
    };
    let refreshed = site.grants.refresh(token, app.settings.refresh_token, now, fits);
    let (Granted { grant, family }, next) = refreshed.map_err(|refusal| match refusal {
        NotRedeemed::Unfit(error) => error,
        NotRedeemed::Invalid => error::invalid_refresh_token(),
        NotRedeemed::Reused(revoked) => {
            note_reuse(site, server, visit, app, revoked);
            error::invalid_refresh_token()
        }
    })?;
    let user = site.model.user(&grant.user).ok_or_else(error::invalid_refresh_token)?;
    // The nonce was the sign-in's (OpenID Connect Core, 12.2).
    let grant = Grant { scopes: grant.scopes.narrowed(form.text("scope"))?, nonce: None, ..grant };
    let (given, lifetimes) = (Given::RefreshToken, server.lifetimes(site, &grant.token_request())?);
    let issuance = Issuance { site, server, visit, app, user: &user, given, lifetimes, now };
    let issued = issuance.issue(&Granted { grant, family }, Some(next));
    issued?.ok_or_else(error::invalid_refresh_token)
}

fn note_reuse(site: &Site, server: &AuthServer, visit: &Visit, app: &App, revoked: usize) {
    let cause = visit.cause(Actor::App(app.id.clone()));
    site.model.log(
        Entry::of(EventType::RefreshTokenReuse.at(server.name())).failed("refresh_token_reused"),
        &cause,
    );
    let (request, app) = (visit.request_id.clone(), app.id.clone());
    site.sink.emit(Event::RefreshTokenReused { request, app, revoked });
}
