//! Tokens that come with the answer to an authorization request, by way of the browser (OpenID Connect Core, 3.2 and
//! 3.3).

use ground::Secret;
use serde_json::Map;

use super::claims::Beside;
use super::error::OAuthError;
use super::grants::Granted;
use super::issue::Issuance;
use super::response_type::ResponseTypes;
use crate::Event;
use crate::model::{Actor, Entry, EventType};

/// Makes the tokens that are asked for: members of the answer. What came with a `code` ends with it.
pub(super) fn tokens(
    issuance: &Issuance<'_>,
    types: ResponseTypes,
    granted: &Granted,
    code: Option<&Secret>,
) -> Result<Vec<(&'static str, String)>, OAuthError> {
    if !types.has_tokens() {
        return Ok(Vec::new());
    }
    let grant = &granted.grant;
    let access = types.token.then(|| issuance.access_token(grant)).transpose()?;
    let access_token = access.as_ref().map(|(token, _)| token.as_str());
    let beside = Beside { access_token, code: code.map(Secret::expose) };
    let id_token = (types.id_token && grant.scopes.has("openid"))
        .then(|| issuance.id_token(grant, beside))
        .transpose()?;
    let mut members = Vec::new();
    if let Some((token, jti)) = &access {
        issuance.keep(granted, token, jti);
        let lifetime = issuance.lifetimes.access_token.num_seconds();
        members.extend([
            ("access_token", token.clone()),
            ("token_type", "Bearer".to_owned()),
            ("expires_in", lifetime.to_string()),
            ("scope", grant.scopes.to_string()),
        ]);
    }
    members.extend(id_token.as_ref().map(|(token, _)| ("id_token", token.clone())));
    log(issuance, access.is_some(), id_token.is_some());
    let (id_token, id_token_claims) =
        id_token.map_or((None, Map::new()), |(token, claims)| (Some(token), claims));
    issuance.site.sink.emit(Event::TokensIssued {
        request: issuance.visit.request_id.clone(),
        app: issuance.app.id.clone(),
        user: issuance.user.id.clone(),
        code: None,
        id_token: id_token.map(|token| Secret::new("id token", token)),
        id_token_claims,
        access_token: access.map(|(token, _)| Secret::new("access token", token)),
        refresh_token: None,
    });
    Ok(members)
}

fn log(issuance: &Issuance<'_>, access_token: bool, id_token: bool) {
    let cause = issuance.visit.cause(Actor::User(issuance.user.id.clone()));
    for (event, issued) in
        [(EventType::ImplicitAccessToken, access_token), (EventType::ImplicitIdToken, id_token)]
    {
        if issued {
            let entry = Entry::of(event.at(issuance.server.name())).to(issuance.app.party());
            issuance.site.model.log(entry.to(issuance.user.party()), &cause);
        }
    }
}
