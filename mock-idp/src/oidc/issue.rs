//! Making the tokens that a token request is answered with.

use chrono::{DateTime, Utc};
use ground::Secret;
use serde_json::{Map, Value, json};

use super::claims;
use super::grants::{AccessToken, Granted};
use super::server::AuthServer;
use crate::Event;
use crate::keys::SigningError;
use crate::misbehaviour::Occasion;
use crate::model::{Actor, App, Entry, EventType, GrantType, Party, User};
use crate::site::Site;
use crate::web::Visit;

/// To whom tokens are issued, about whom, and for what.
pub(super) struct Issuance<'a> {
    pub(super) site: &'a Site,
    pub(super) server: &'a AuthServer,
    pub(super) visit: &'a Visit,
    pub(super) app: &'a App,
    pub(super) user: &'a User,
    pub(super) given: Given<'a>,
    pub(super) now: DateTime<Utc>,
}

/// What the client gave for its tokens.
pub(super) enum Given<'a> {
    Code(&'a str),
    RefreshToken,
}

impl Issuance<'_> {
    /// Makes the tokens; nothing when what they come of was revoked meanwhile.
    pub(super) fn issue(
        self,
        granted: Granted,
        refresh_token: Option<Secret>,
    ) -> Result<Option<Value>, SigningError> {
        let (site, server, Granted { grant, family }) = (self.site, self.server, granted);
        let occasion = Occasion::of(self.visit).with(&self.app.id, &self.user.id);
        let access_claims = claims::access_token(server, &grant, self.user, self.now);
        let access_token = server.keys.sign_access_token(&access_claims)?;
        let (mut id_token, mut id_claims) = (None, Map::new());
        if grant.scopes.has("openid") {
            let org = site.model.org_id();
            id_claims = claims::id_token(server, &grant, self.user, org, &access_token, self.now);
            id_token = Some(site.misbehaviour.id_token(&server.keys, self.app, &mut id_claims, &occasion)?);
        }
        let mut answer = json!({
            "token_type": "Bearer",
            "expires_in": server.record.lifetimes.access_token.num_seconds(),
            "access_token": access_token,
            "scope": grant.scopes.to_string(),
        });
        answer.as_object_mut().into_iter().for_each(|members| {
            members.extend(refresh_token.as_ref().map(|it| ("refresh_token".to_owned(), it.expose().into())));
            members.extend(id_token.as_deref().map(|it| ("id_token".to_owned(), it.into())));
        });
        let jti = access_claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned();
        let entry = AccessToken {
            server: grant.server,
            app: grant.app,
            user: Some(grant.user),
            scopes: grant.scopes,
            family,
            jti,
            issued: self.now,
            expires: self.now + server.record.lifetimes.access_token,
        };
        if !site.grants.keep(&access_token, entry, self.now) {
            return Ok(None);
        }
        self.log(id_token.is_some(), refresh_token.is_some());
        site.sink.emit(Event::TokensIssued {
            request: self.visit.request_id.clone(),
            app: self.app.id.clone(),
            user: self.user.id.clone(),
            code: self.given.code().map(|code| Secret::new("code", code)),
            id_token: id_token.map(|token| Secret::new("id token", token)),
            id_token_claims: id_claims,
            access_token: Secret::new("access token", access_token),
            refresh_token,
        });
        site.misbehaviour.spoil_token_answer(&mut answer, &occasion);
        Ok(Some(answer))
    }

    fn log(&self, id_token: bool, refresh_token: bool) {
        let cause = self.visit.cause(Actor::App(self.app.id.clone()));
        for (event, kind, issued) in [
            (EventType::AccessTokenGrant, "access_token", true),
            (EventType::IdTokenGrant, "id_token", id_token),
            (EventType::RefreshTokenGrant, "refresh_token", refresh_token),
        ] {
            if issued {
                let token = Party::new(kind, "unknown", self.user.id.as_str(), "unknown");
                let entry = Entry::of(event.at(self.server.name())).to(self.user.party()).to(token);
                let entry = entry.with("grantType", self.given.grant_type().name());
                self.site.model.log(entry, &cause);
            }
        }
    }
}

impl Given<'_> {
    fn grant_type(&self) -> GrantType {
        match self {
            Self::Code(_) => GrantType::AuthorizationCode,
            Self::RefreshToken => GrantType::RefreshToken,
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Code(code) => Some(code),
            Self::RefreshToken => None,
        }
    }
}
