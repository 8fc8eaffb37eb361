//! The client credentials grant: a client gets a token for itself (RFC 6749, 4.4).

use ground::Secret;
use serde_json::{Value, json};

use super::claims;
use super::consent;
use super::error::{self, OAuthError};
use super::grants::{AccessToken, Family};
use super::scope::Scopes;
use super::server::AuthServer;
use crate::Event;
use crate::model::{
    Actor, App, ApplicationType, Entry, EventType, GrantType, Party, ServerName, TokenClaim,
    TokenEndpointAuthMethod, TokenKind, TokenRequest,
};
use crate::site::Site;
use crate::web::{Params, Visit};

/// A token of the client's own, at a custom server. The org server has none to give: it would for scopes of Okta's
/// management API, which it grants to nobody here.
pub(super) fn grant(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    app: &App,
    form: &Params,
) -> Result<Value, OAuthError> {
    if *server.name() == ServerName::Org {
        return Err(refusal_of_org(app, form));
    }
    let scopes = Scopes::of_client(form.text("scope"), &server.record)?;
    let withheld = consent::withheld_from_clients(&server.record, app, &scopes);
    if !withheld.is_empty() {
        return Err(error::consent_required_of_client(&withheld.join(", ")));
    }
    let request = TokenRequest {
        app: &app.id,
        grant: GrantType::ClientCredentials,
        user: None,
        scopes: scopes.names(),
    };
    let lifetime = server.lifetimes(site, &request)?.access_token;
    let now = site.now();
    let mut claims = claims::client_token(server, &app.id, &scopes, lifetime, now);
    let of_access = |claim: &TokenClaim| claim.token == TokenKind::Access;
    claims.extend(claims::own(&site.model, server, &scopes, None, of_access)?);
    let token = server.keys.sign_access_token(&claims).map_err(|_| error::access_token_not_generated())?;
    let entry = AccessToken {
        server: server.name().clone(),
        app: app.id.clone(),
        user: None,
        scopes: scopes.clone(),
        family: Family::default(),
        jti: claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned(),
        issued: now,
        expires: now + lifetime,
    };
    site.grants.keep(&token, entry, now);
    let party = Party::new("access_token", "unknown", app.client_id(), "unknown");
    let granted = Entry::of(EventType::AccessTokenGrant.at(server.name())).to(party);
    let granted = granted.with("grantType", GrantType::ClientCredentials.name());
    site.model.log(granted, &visit.cause(Actor::App(app.id.clone())));
    site.sink.emit(Event::ClientTokenIssued {
        request: visit.request_id.clone(),
        app: app.id.clone(),
        access_token: Secret::new("access token", token.as_str()),
    });
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": lifetime.num_seconds(),
        "access_token": token,
        "scope": scopes.to_string(),
    }))
}

fn refusal_of_org(app: &App, form: &Params) -> OAuthError {
    let settings = &app.settings;
    if settings.token_endpoint_auth_method != TokenEndpointAuthMethod::PrivateKeyJwt {
        return error::unsupported_auth_method_client_creds();
    }
    if settings.application_type != ApplicationType::Service {
        return error::invalid_application_type_client_credentials();
    }
    let mut scopes = form.text("scope").split(' ').filter(|scope| !scope.is_empty());
    match scopes.clone().count() {
        0 => error::missing_scopes(),
        _ if scopes.all(|scope| scope.starts_with("okta.")) => error::no_org_scopes_granted(),
        _ => error::no_matching_scope(),
    }
}
