//! Codes and tokens that are out, and what they stand for.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;

use super::acr::Acr;
use super::pkce::Challenge;
use super::refresh_token::{REMEMBERED, RefreshToken, Use};
use super::scope::Scopes;
use crate::model::{
    AppId, Digest, Expiring, GrantType, RefreshTokenSettings, ServerName, Session, TokenRequest, UserId, amr,
};

/// How long a code may be redeemed, in stage time.
const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(300);

/// How long a code is remembered afterwards, in stage time: as long as any access token lives.
const REMEMBERED_CODE: TimeDelta = TimeDelta::hours(24);

/// Far more than a stage has out at once; the oldest make room.
const CAPACITY: usize = 50_000;

/// What a code or an access token was granted for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// Which authorization server granted it.
    pub(crate) server: ServerName,
    pub(crate) app: AppId,
    /// By which kind of grant; a refresh goes by the one of before.
    pub(crate) by: GrantType,
    pub(crate) user: UserId,
    pub(crate) scopes: Scopes,
    pub(crate) redirect_uri: String,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    /// When and how the person had proved who it is.
    pub(crate) authenticated: DateTime<Utc>,
    pub(crate) amr: Vec<&'static str>,
    /// The degree of proof that was asked for and given.
    pub(crate) acr: Option<Acr>,
}

impl Grant {
    pub(super) fn of(request: &super::AuthorizeRequest, session: &Session) -> Self {
        Self {
            server: request.server.clone(),
            app: request.app.clone(),
            by: request.grant_type(),
            user: session.user.clone(),
            scopes: request.scopes.clone(),
            redirect_uri: request.reply_to.redirect_uri.clone(),
            nonce: request.nonce.clone(),
            challenge: request.challenge.clone(),
            authenticated: session.authenticated,
            amr: amr(&session.proofs),
            acr: request.acr,
        }
    }

    /// What it asks of the server's access policies.
    pub(super) fn token_request(&self) -> TokenRequest<'_> {
        TokenRequest { app: &self.app, grant: self.by, user: Some(&self.user), scopes: self.scopes.names() }
    }
}

/// What came of one sign-in and ends at once: a code, and whatever tokens it became (RFC 9700, 4.14.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct Family {
    ended: Arc<AtomicBool>,
}

impl Family {
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ended, &other.ended)
    }
}

/// What a code or a refresh token is traded for tokens of.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) grant: Grant,
    pub(crate) family: Family,
}

/// An access token that is out.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    /// Which authorization server issued it.
    pub(crate) server: ServerName,
    pub(crate) app: AppId,
    /// About whom it is; about nobody when a client got it for itself.
    pub(crate) user: Option<UserId>,
    pub(crate) scopes: Scopes,
    pub(crate) family: Family,
    pub(crate) jti: String,
    pub(crate) issued: DateTime<Utc>,
    pub(crate) expires: DateTime<Utc>,
}

/// A refresh token that is out, as lists show it: without itself.
#[derive(Clone, Debug)]
pub(crate) struct OutstandingToken {
    pub(crate) id: String,
    pub(crate) server: ServerName,
    pub(crate) scopes: Vec<String>,
    pub(crate) created: DateTime<Utc>,
    pub(crate) last_used: DateTime<Utc>,
    pub(crate) good_until: DateTime<Utc>,
}

impl OutstandingToken {
    fn of(token: &RefreshToken) -> Self {
        let grant = &token.granted.grant;
        Self {
            id: token.id.to_string(),
            server: grant.server.clone(),
            scopes: grant.scopes.names().to_vec(),
            created: token.created,
            last_used: token.last_used,
            good_until: token.good_until(),
        }
    }
}

/// The codes and tokens of one org.
pub(crate) struct Grants {
    out: Mutex<Out>,
}

struct Out {
    codes: Expiring<Code>,
    access_tokens: Expiring<AccessToken>,
    refresh_tokens: Expiring<RefreshToken>,
}

/// A code. It is remembered as long as its first tokens live, so that a reuse can revoke them (RFC 6749, 4.1.2).
struct Code {
    granted: Granted,
    redeemable_until: DateTime<Utc>,
    redeemed: bool,
}

/// Why a code or a refresh token was not redeemed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotRedeemed<E> {
    /// There is no such thing, or it is too old.
    Invalid,
    /// It had been used up; so many access tokens were revoked.
    Reused(usize),
    /// The request doesn't fit it. It stays redeemable.
    Unfit(E),
}

impl Grants {
    pub(crate) fn new() -> Self {
        let out = Out {
            codes: Expiring::new(CAPACITY),
            access_tokens: Expiring::new(CAPACITY),
            refresh_tokens: Expiring::new(CAPACITY),
        };
        Self { out: Mutex::new(out) }
    }

    /// A new code.
    pub(crate) fn issue_code(&self, granted: Granted, now: DateTime<Utc>) -> Secret {
        let code = Secret::random("code");
        let redeemable_until = now + CODE_LIFETIME;
        let entry = Code { granted, redeemable_until, redeemed: false };
        let forgotten = redeemable_until + REMEMBERED_CODE;
        self.out().codes.insert(Digest::of(code.expose()), entry, forgotten, now);
        code
    }

    /// Redeems a code once, if `fits` agrees.
    pub(crate) fn redeem<E>(
        &self,
        code: &str,
        now: DateTime<Utc>,
        fits: impl FnOnce(&Grant) -> Result<(), E>,
    ) -> Result<Granted, NotRedeemed<E>> {
        let mut out = self.out();
        let code = out.codes.find_mut(Digest::of(code), now).ok_or(NotRedeemed::Invalid)?;
        if code.redeemed {
            let family = code.granted.family.clone();
            return Err(NotRedeemed::Reused(out.end(&family, now)));
        }
        if code.redeemable_until <= now || code.granted.family.has_ended() {
            return Err(NotRedeemed::Invalid);
        }
        fits(&code.granted.grant).map_err(NotRedeemed::Unfit)?;
        code.redeemed = true;
        Ok(code.granted.clone())
    }

    /// Lets an access token count; false when its family has ended meanwhile.
    pub(crate) fn keep(&self, token: &str, entry: AccessToken, now: DateTime<Utc>) -> bool {
        let mut out = self.out();
        let alive = !entry.family.has_ended();
        if alive {
            let expires = entry.expires;
            out.access_tokens.insert(Digest::of(token), entry, expires, now);
        }
        alive
    }

    /// What an access token stands for, if it is good.
    pub(crate) fn access_token(&self, token: &str, now: DateTime<Utc>) -> Option<AccessToken> {
        self.out().access_tokens.find(Digest::of(token), now).cloned()
    }

    /// A first refresh token, good for that long from one use to the next.
    pub(crate) fn issue_refresh_token(
        &self,
        granted: Granted,
        idle: TimeDelta,
        now: DateTime<Utc>,
    ) -> Secret {
        self.out().add(RefreshToken::new(granted, idle, now), now)
    }

    /// Uses a refresh token, if `fits` agrees: what it stands for, and the one to use next time.
    pub(crate) fn refresh<E>(
        &self,
        token: &str,
        settings: RefreshTokenSettings,
        now: DateTime<Utc>,
        fits: impl FnOnce(&Grant) -> Result<(), E>,
    ) -> Result<(Granted, Secret), NotRedeemed<E>> {
        let mut out = self.out();
        let entry = out.refresh_tokens.find_mut(Digest::of(token), now).ok_or(NotRedeemed::Invalid)?;
        fits(&entry.granted.grant).map_err(NotRedeemed::Unfit)?;
        if entry.granted.family.has_ended() {
            return Err(NotRedeemed::Invalid);
        }
        match entry.use_up(settings, now) {
            Use::Idle => Err(NotRedeemed::Invalid),
            Use::Again => {
                let family = entry.granted.family.clone();
                Err(NotRedeemed::Reused(out.end(&family, now)))
            }
            Use::Stays => Ok((entry.granted.clone(), Secret::new("refresh token", token))),
            Use::Rotates(next) => Ok((next.granted.clone(), out.add(*next, now))),
        }
    }

    /// What a refresh token stands for, and until when, if it is good.
    pub(crate) fn refresh_token(&self, token: &str, now: DateTime<Utc>) -> Option<(Grant, DateTime<Utc>)> {
        let out = self.out();
        let entry = out.refresh_tokens.find(Digest::of(token), now).filter(|entry| entry.is_current(now))?;
        Some((entry.granted.grant.clone(), entry.good_until()))
    }

    /// For which application, and about which user, a code or a token was granted, if it is one. Looking uses nothing up.
    pub(crate) fn holder(&self, presented: &str, now: DateTime<Utc>) -> Option<(AppId, Option<UserId>)> {
        let (out, digest) = (self.out(), Digest::of(presented));
        if let Some(token) = out.access_tokens.find(digest, now) {
            return Some((token.app.clone(), token.user.clone()));
        }
        let code = out.codes.find(digest, now).map(|code| &code.granted);
        let refresh = || out.refresh_tokens.find(digest, now).map(|token| &token.granted);
        let Granted { grant, .. } = code.or_else(refresh)?;
        Some((grant.app.clone(), Some(grant.user.clone())))
    }

    /// Revokes a token that this server issued to this application; false when there is none. A refresh token takes its
    /// family with it.
    pub(crate) fn revoke(&self, token: &str, server: &ServerName, app: &AppId, now: DateTime<Utc>) -> bool {
        let mut out = self.out();
        let digest = Digest::of(token);
        let of_these = |grant: &Grant| grant.app == *app && grant.server == *server;
        let refresh = out.refresh_tokens.find(digest, now).filter(|token| of_these(&token.granted.grant));
        if let Some(family) = refresh.map(|token| token.granted.family.clone()) {
            out.end(&family, now);
            return true;
        }
        let own = |token: &AccessToken| token.app == *app && token.server == *server;
        let own = out.access_tokens.find(digest, now).is_some_and(own);
        own && out.access_tokens.take(digest, now).is_some()
    }

    /// Revokes whatever was granted about a person.
    pub(crate) fn revoke_all_of(&self, user: &UserId, now: DateTime<Utc>) {
        let mut out = self.out();
        let of_user = |granted: &Granted| {
            let own = granted.grant.user == *user;
            if own {
                granted.family.ended.store(true, Ordering::Release);
            }
            own
        };
        out.codes.take_all(now, |code| of_user(&code.granted));
        out.refresh_tokens.take_all(now, |token| of_user(&token.granted));
        out.access_tokens.take_all(now, |token| token.user.as_ref() == Some(user));
    }

    /// The refresh tokens of an application about a person that are good, oldest first. Of one that another has taken the
    /// place of, that other alone.
    pub(crate) fn refresh_tokens_of(
        &self,
        user: &UserId,
        app: &AppId,
        now: DateTime<Utc>,
    ) -> Vec<OutstandingToken> {
        let out = self.out();
        let own = out.refresh_tokens.alive(now).filter(|token| {
            token.granted.grant.user == *user && token.granted.grant.app == *app && token.is_current(now)
        });
        let mut tokens: Vec<OutstandingToken> = own.map(OutstandingToken::of).collect();
        tokens.sort_by(|one, other| {
            (one.created, &one.id, other.last_used).cmp(&(other.created, &other.id, one.last_used))
        });
        tokens.dedup_by(|one, other| one.id == other.id);
        tokens
    }

    /// Which applications have refresh tokens about a person.
    pub(crate) fn clients_of(&self, user: &UserId, now: DateTime<Utc>) -> BTreeSet<AppId> {
        let out = self.out();
        let own = out.refresh_tokens.alive(now).filter(|token| token.is_current(now));
        own.map(|token| &token.granted.grant)
            .filter(|grant| grant.user == *user)
            .map(|grant| grant.app.clone())
            .collect()
    }

    /// Revokes a refresh token by its name, and with it all that came of the same sign-in; false when there is none.
    pub(crate) fn revoke_family(&self, user: &UserId, app: &AppId, id: &str, now: DateTime<Utc>) -> bool {
        let mut out = self.out();
        let own = |token: &&RefreshToken| {
            let grant = &token.granted.grant;
            grant.user == *user && grant.app == *app && *token.id == *id
        };
        let family = out.refresh_tokens.alive(now).find(own).map(|token| token.granted.family.clone());
        family.map(|family| out.end(&family, now)).is_some()
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out {
    fn add(&mut self, entry: RefreshToken, now: DateTime<Utc>) -> Secret {
        let token = Secret::random("refresh token");
        self.refresh_tokens.insert(Digest::of(token.expose()), entry, now + REMEMBERED, now);
        token
    }

    /// Ends a family; so many of its access tokens were good until now.
    fn end(&mut self, family: &Family, now: DateTime<Utc>) -> usize {
        family.ended.store(true, Ordering::Release);
        self.refresh_tokens.take_all(now, |token| token.granted.family.is(family));
        self.access_tokens.take_all(now, |token| token.family.is(family))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AuthorizationServerId, RefreshTokenRotation};

    const IDLE: TimeDelta = TimeDelta::days(90);

    fn grant() -> Grant {
        Grant {
            server: ServerName::Org,
            app: AppId::new("0oa1"),
            by: GrantType::AuthorizationCode,
            user: UserId::new("00u1"),
            scopes: Scopes::default(),
            redirect_uri: "https://app.test/cb".into(),
            nonce: None,
            challenge: None,
            authenticated: Utc::now(),
            amr: Vec::new(),
            acr: None,
        }
    }

    fn fits(_: &Grant) -> Result<(), ()> {
        Ok(())
    }

    fn token(granted: &Granted, now: DateTime<Utc>) -> AccessToken {
        let Granted { grant, family } = granted.clone();
        let (app, user, expires) = (grant.app, Some(grant.user), now + TimeDelta::hours(1));
        let (server, jti, issued) = (grant.server, "AT.1".into(), now);
        AccessToken { server, app, user, scopes: grant.scopes, family, jti, issued, expires }
    }

    #[test]
    fn a_code_is_good_once_and_for_five_minutes() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(granted(), now);
        let late = now + CODE_LIFETIME;
        assert_eq!(grants.redeem(code.expose(), late, fits).unwrap_err(), NotRedeemed::Invalid);
        grants.redeem(code.expose(), late - TimeDelta::milliseconds(1), fits).unwrap();
        assert_eq!(grants.redeem(code.expose(), now, fits).unwrap_err(), NotRedeemed::Reused(0));
        assert_eq!(grants.redeem("nothing", now, fits).unwrap_err(), NotRedeemed::Invalid);
    }

    #[test]
    fn a_request_that_does_not_fit_leaves_the_code_alone() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(granted(), now);
        let refused = grants.redeem(code.expose(), now, |_| Err("unfit"));
        assert_eq!(refused.unwrap_err(), NotRedeemed::Unfit("unfit"));
        grants.redeem(code.expose(), now, fits).unwrap();
    }

    #[test]
    fn reuse_revokes_what_was_issued_even_long_after() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(granted(), now);
        let granted = grants.redeem(code.expose(), now, fits).unwrap();
        assert!(grants.keep("token", token(&granted, now), now));
        assert!(grants.access_token("token", now).is_some());
        let later = now + TimeDelta::minutes(50);
        assert_eq!(grants.redeem(code.expose(), later, fits).unwrap_err(), NotRedeemed::Reused(1));
        assert!(grants.access_token("token", now).is_none());
    }

    #[test]
    fn what_is_issued_while_the_code_is_reused_does_not_count() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(granted(), now);
        let granted = grants.redeem(code.expose(), now, fits).unwrap();
        grants.redeem(code.expose(), now, fits).unwrap_err();
        assert!(!grants.keep("token", token(&granted, now), now));
        assert!(grants.access_token("token", now).is_none());
    }

    #[test]
    fn only_its_own_application_revokes_a_token() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(granted(), now);
        let granted = grants.redeem(code.expose(), now, fits).unwrap();
        grants.keep("token", token(&granted, now), now);
        let own = AppId::new("0oa1");
        let elsewhere = ServerName::Custom(AuthorizationServerId::new("default"));
        assert!(!grants.revoke("token", &ServerName::Org, &AppId::new("0oa2"), now));
        assert!(!grants.revoke("token", &elsewhere, &own, now));
        assert!(grants.revoke("token", &ServerName::Org, &own, now));
        assert!(grants.access_token("token", now).is_none());
    }

    fn settings(rotation_type: RefreshTokenRotation, leeway: u32) -> RefreshTokenSettings {
        RefreshTokenSettings { rotation_type, leeway }
    }

    fn granted() -> Granted {
        Granted { grant: grant(), family: Family::default() }
    }

    #[test]
    fn a_static_refresh_token_stays_while_it_is_used() {
        let (grants, mut now) = (Grants::new(), Utc::now());
        let fixed = settings(RefreshTokenRotation::Static, 0);
        let token = grants.issue_refresh_token(granted(), IDLE, now);
        for _ in 0..3 {
            now += TimeDelta::days(89);
            assert_eq!(grants.refresh(token.expose(), fixed, now, fits).unwrap().1, token);
        }
        now += TimeDelta::days(90);
        assert!(grants.refresh_token(token.expose(), now).is_none());
        assert_eq!(grants.refresh(token.expose(), fixed, now, fits).unwrap_err(), NotRedeemed::Invalid);
    }

    #[test]
    fn a_rotated_refresh_token_that_comes_again_ends_its_family() {
        let (grants, now) = (Grants::new(), Utc::now());
        let rotate = settings(RefreshTokenRotation::Rotate, 30);
        let first = granted();
        let old = grants.issue_refresh_token(first.clone(), IDLE, now);
        let (_, next) = grants.refresh(old.expose(), rotate, now, fits).unwrap();
        assert_ne!(old, next);
        let soon = now + TimeDelta::seconds(29);
        let (_, other) = grants.refresh(old.expose(), rotate, soon, fits).unwrap();
        grants.keep("token", token(&first, now), now);
        let late = now + TimeDelta::seconds(30);
        assert_eq!(grants.refresh(old.expose(), rotate, late, fits).unwrap_err(), NotRedeemed::Reused(1));
        for token in [old, next, other] {
            assert_eq!(grants.refresh(token.expose(), rotate, late, fits).unwrap_err(), NotRedeemed::Invalid);
        }
        assert!(grants.access_token("token", late).is_none());
        // Another sign-in of the same person is another family.
        let elsewhere = grants.issue_refresh_token(granted(), IDLE, now);
        grants.refresh(elsewhere.expose(), rotate, late, fits).unwrap();
    }

    #[test]
    fn without_leeway_a_refresh_token_is_good_once() {
        let (grants, now) = (Grants::new(), Utc::now());
        let strict = settings(RefreshTokenRotation::Rotate, 0);
        let old = grants.issue_refresh_token(granted(), IDLE, now);
        grants.refresh(old.expose(), strict, now, |_| Err("unfit")).unwrap_err();
        let (_, next) = grants.refresh(old.expose(), strict, now, fits).unwrap();
        assert!(grants.refresh_token(old.expose(), now).is_none());
        assert!(grants.refresh_token(next.expose(), now).is_some());
        assert_eq!(grants.refresh(old.expose(), strict, now, fits).unwrap_err(), NotRedeemed::Reused(0));
    }
}
