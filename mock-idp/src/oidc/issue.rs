//! Making tokens.

use chrono::{DateTime, Utc};
use ground::Secret;
use serde_json::{Map, Value, json};

use super::claims::{self, Beside};
use super::error::{self, OAuthError};
use super::grants::{AccessToken, Grant, Granted};
use super::server::AuthServer;
use crate::Event;
use crate::misbehaviour::Occasion;
use crate::model::{
    Actor, App, Entry, EventType, GrantType, Party, TokenClaim, TokenKind, TokenLifetimes, User,
};
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
    /// How long the tokens are good.
    pub(super) lifetimes: TokenLifetimes,
    pub(super) now: DateTime<Utc>,
}

/// What the client gave for its tokens.
pub(super) enum Given<'a> {
    /// Nothing: they come with the answer to its authorization request.
    Nothing,
    Code(&'a str),
    DeviceCode,
    RefreshToken,
}

impl Issuance<'_> {
    /// Makes the token endpoint's answer; nothing when what it comes of was revoked meanwhile.
    pub(super) fn issue(
        self,
        granted: &Granted,
        refresh_token: Option<Secret>,
    ) -> Result<Option<Value>, OAuthError> {
        let grant = &granted.grant;
        let (access_token, jti) = self.access_token(grant)?;
        let (mut id_token, mut id_claims) = (None, Map::new());
        if grant.scopes.has("openid") {
            let beside = Beside { access_token: Some(&access_token), code: None };
            let (token, claims) = self.id_token(grant, beside)?;
            (id_token, id_claims) = (Some(token), claims);
        }
        if !self.keep(granted, &access_token, &jti) {
            return Ok(None);
        }
        let mut answer = json!({
            "token_type": "Bearer",
            "expires_in": self.lifetimes.access_token.num_seconds(),
            "access_token": access_token,
            "scope": grant.scopes.to_string(),
        });
        answer.as_object_mut().into_iter().for_each(|members| {
            members.extend(refresh_token.as_ref().map(|it| ("refresh_token".to_owned(), it.expose().into())));
            members.extend(id_token.as_deref().map(|it| ("id_token".to_owned(), it.into())));
        });
        self.log(id_token.is_some(), refresh_token.is_some());
        self.site.sink.emit(Event::TokensIssued {
            request: self.visit.request_id.clone(),
            app: self.app.id.clone(),
            user: self.user.id.clone(),
            code: self.given.code().map(|code| Secret::new("code", code)),
            id_token: id_token.map(|token| Secret::new("id token", token)),
            id_token_claims: id_claims,
            access_token: Some(Secret::new("access token", access_token)),
            refresh_token,
        });
        self.site.misbehaviour.spoil_token_answer(&mut answer, &self.occasion());
        Ok(Some(answer))
    }

    /// An access token and its `jti`. It counts when it is [kept](Self::keep).
    pub(super) fn access_token(&self, grant: &Grant) -> Result<(String, String), OAuthError> {
        let mut claims =
            claims::access_token(self.server, grant, self.user, self.lifetimes.access_token, self.now);
        let of_access = |claim: &TokenClaim| claim.token == TokenKind::Access;
        let (model, user) = (&self.site.model, Some(self.user));
        claims.extend(claims::own(model, self.server, &grant.scopes, user, of_access)?);
        let token = self.server.keys.sign_access_token(&claims);
        let token = token.map_err(|_| error::access_token_not_generated())?;
        Ok((token, claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned()))
    }

    /// An ID token and its claims, misbehaviour included.
    pub(super) fn id_token(
        &self,
        grant: &Grant,
        beside: Beside<'_>,
    ) -> Result<(String, Map<String, Value>), OAuthError> {
        let site = self.site;
        let org = site.model.org_id();
        let mut claims = claims::id_token(self.server, grant, self.user, org, beside, self.now);
        let alone = beside.is_nothing();
        let of_id = |claim: &TokenClaim| claim.token == TokenKind::Id && (claim.always || alone);
        claims.extend(claims::own(&site.model, self.server, &grant.scopes, Some(self.user), of_id)?);
        claims.extend(claims::groups(&site.model, self.app, &grant.scopes, &self.user.id)?);
        let token = site.misbehaviour.id_token(&self.server.keys, self.app, &mut claims, &self.occasion());
        Ok((token.map_err(|_| error::token_not_generated())?, claims))
    }

    /// Lets an access token count; false when what it comes of was revoked meanwhile.
    pub(super) fn keep(&self, granted: &Granted, token: &str, jti: &str) -> bool {
        let Granted { grant, family } = granted;
        let entry = AccessToken {
            server: grant.server.clone(),
            app: grant.app.clone(),
            user: Some(grant.user.clone()),
            scopes: grant.scopes.clone(),
            family: family.clone(),
            jti: jti.to_owned(),
            issued: self.now,
            expires: self.now + self.lifetimes.access_token,
        };
        self.site.grants.keep(token, entry, self.now)
    }

    fn occasion(&self) -> Occasion<'_> {
        Occasion::of(self.visit).with(&self.app.id, &self.user.id)
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
            Self::Nothing => GrantType::Implicit,
            Self::Code(_) => GrantType::AuthorizationCode,
            Self::DeviceCode => GrantType::DeviceCode,
            Self::RefreshToken => GrantType::RefreshToken,
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Code(code) => Some(code),
            Self::Nothing | Self::DeviceCode | Self::RefreshToken => None,
        }
    }
}
