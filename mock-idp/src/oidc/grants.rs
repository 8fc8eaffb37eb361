//! Codes and access tokens that are out, and what they stand for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;

use super::pkce::Challenge;
use super::scope::Scopes;
use crate::model::{AppId, AuthenticationMethod, Digest, Expiring, Session, UserId};

/// How long a code may be redeemed, in stage time.
const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(300);

/// How long ID tokens and the org server's access tokens are good, in stage time.
pub(crate) const TOKEN_LIFETIME: TimeDelta = TimeDelta::seconds(3600);

/// Far more than a stage has out at once; the oldest make room.
const CAPACITY: usize = 50_000;

/// What a code or an access token was granted for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) app: AppId,
    pub(crate) user: UserId,
    pub(crate) scopes: Scopes,
    pub(crate) redirect_uri: String,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: Option<Challenge>,
    /// When and how the person had proved who it is.
    pub(crate) authenticated: DateTime<Utc>,
    pub(crate) methods: Vec<AuthenticationMethod>,
}

impl Grant {
    pub(super) fn of(request: &super::AuthorizeRequest, session: &Session) -> Self {
        Self {
            app: request.app.clone(),
            user: session.user.clone(),
            scopes: request.scopes.clone(),
            redirect_uri: request.reply_to.redirect_uri.clone(),
            nonce: request.nonce.clone(),
            challenge: request.challenge.clone(),
            authenticated: session.authenticated,
            methods: session.methods.clone(),
        }
    }
}

/// An access token that is out.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) grant: Grant,
    pub(crate) jti: String,
    pub(crate) issued: DateTime<Utc>,
}

/// The codes and access tokens of one org.
pub(crate) struct Grants {
    out: Mutex<Out>,
}

struct Out {
    codes: Expiring<Code>,
    access_tokens: Expiring<AccessToken>,
}

struct Code {
    grant: Grant,
    redeemable_until: DateTime<Utc>,
    state: CodeState,
}

/// A code's life. It is remembered as long as its tokens live, so that a reuse can revoke them (RFC 6749, 4.1.2).
enum CodeState {
    Fresh,
    Redeemed(Vec<Digest>),
    /// Somebody tried again: whatever is still being issued for it is void.
    Reused,
}

/// Why a code was not redeemed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotRedeemed<E> {
    /// There is no such code, or it is too old.
    Invalid,
    /// It had been redeemed; so many access tokens were revoked.
    Reused(usize),
    /// The request doesn't fit it. The code stays redeemable.
    Unfit(E),
}

impl Grants {
    pub(crate) fn new() -> Self {
        let out = Out { codes: Expiring::new(CAPACITY), access_tokens: Expiring::new(CAPACITY) };
        Self { out: Mutex::new(out) }
    }

    /// A new code.
    pub(crate) fn issue_code(&self, grant: Grant, now: DateTime<Utc>) -> Secret {
        let code = Secret::random("code");
        let redeemable_until = now + CODE_LIFETIME;
        let entry = Code { grant, redeemable_until, state: CodeState::Fresh };
        let forgotten = redeemable_until + TOKEN_LIFETIME;
        self.out().codes.insert(Digest::of(code.expose()), entry, forgotten, now);
        code
    }

    /// Redeems a code once, if `fits` agrees.
    pub(crate) fn redeem<E>(
        &self,
        code: &str,
        now: DateTime<Utc>,
        fits: impl FnOnce(&Grant) -> Result<(), E>,
    ) -> Result<Grant, NotRedeemed<E>> {
        let mut out = self.out();
        let out = &mut *out;
        let entry = out.codes.find_mut(Digest::of(code), now).ok_or(NotRedeemed::Invalid)?;
        match &entry.state {
            CodeState::Fresh if entry.redeemable_until > now => {
                fits(&entry.grant).map_err(NotRedeemed::Unfit)?;
                entry.state = CodeState::Redeemed(Vec::new());
                Ok(entry.grant.clone())
            }
            CodeState::Fresh => Err(NotRedeemed::Invalid),
            CodeState::Reused => Err(NotRedeemed::Reused(0)),
            CodeState::Redeemed(tokens) => {
                let revoked = tokens.iter().filter_map(|token| out.access_tokens.take(*token, now)).count();
                entry.state = CodeState::Reused;
                Err(NotRedeemed::Reused(revoked))
            }
        }
    }

    /// Lets an access token count that was made for a redeemed code; false when the code was reused meanwhile.
    pub(crate) fn keep(&self, code: &str, token: &str, entry: AccessToken, now: DateTime<Utc>) -> bool {
        let mut out = self.out();
        let out = &mut *out;
        let Some(Code { state: CodeState::Redeemed(tokens), .. }) = out.codes.find_mut(Digest::of(code), now)
        else {
            return false;
        };
        let digest = Digest::of(token);
        tokens.push(digest);
        out.access_tokens.insert(digest, entry, now + TOKEN_LIFETIME, now);
        true
    }

    /// What an access token stands for, if it is good.
    pub(crate) fn access_token(&self, token: &str, now: DateTime<Utc>) -> Option<AccessToken> {
        self.out().access_tokens.find(Digest::of(token), now).cloned()
    }

    /// Revokes an access token of this application; false when there is none.
    pub(crate) fn revoke(&self, token: &str, app: &AppId, now: DateTime<Utc>) -> bool {
        let mut out = self.out();
        let digest = Digest::of(token);
        let own = out.access_tokens.find(digest, now).is_some_and(|token| token.grant.app == *app);
        own && out.access_tokens.take(digest, now).is_some()
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            app: AppId::new("0oa1"),
            user: UserId::new("00u1"),
            scopes: Scopes::parse("openid").unwrap(),
            redirect_uri: "https://app.test/cb".into(),
            nonce: None,
            challenge: None,
            authenticated: Utc::now(),
            methods: Vec::new(),
        }
    }

    fn fits(_: &Grant) -> Result<(), ()> {
        Ok(())
    }

    fn token(now: DateTime<Utc>) -> AccessToken {
        AccessToken { grant: grant(), jti: "AT.1".into(), issued: now }
    }

    #[test]
    fn a_code_is_good_once_and_for_five_minutes() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(grant(), now);
        let late = now + CODE_LIFETIME;
        assert_eq!(grants.redeem(code.expose(), late, fits).unwrap_err(), NotRedeemed::Invalid);
        grants.redeem(code.expose(), late - TimeDelta::milliseconds(1), fits).unwrap();
        assert_eq!(grants.redeem(code.expose(), now, fits).unwrap_err(), NotRedeemed::Reused(0));
        assert_eq!(grants.redeem("nothing", now, fits).unwrap_err(), NotRedeemed::Invalid);
    }

    #[test]
    fn a_request_that_does_not_fit_leaves_the_code_alone() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(grant(), now);
        let refused = grants.redeem(code.expose(), now, |_| Err("unfit"));
        assert_eq!(refused.unwrap_err(), NotRedeemed::Unfit("unfit"));
        grants.redeem(code.expose(), now, fits).unwrap();
    }

    #[test]
    fn reuse_revokes_what_was_issued_even_long_after() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(grant(), now);
        grants.redeem(code.expose(), now, fits).unwrap();
        assert!(grants.keep(code.expose(), "token", token(now), now));
        assert!(grants.access_token("token", now).is_some());
        let later = now + TimeDelta::minutes(50);
        assert_eq!(grants.redeem(code.expose(), later, fits).unwrap_err(), NotRedeemed::Reused(1));
        assert!(grants.access_token("token", now).is_none());
    }

    #[test]
    fn what_is_issued_while_the_code_is_reused_does_not_count() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(grant(), now);
        grants.redeem(code.expose(), now, fits).unwrap();
        grants.redeem(code.expose(), now, fits).unwrap_err();
        assert!(!grants.keep(code.expose(), "token", token(now), now));
        assert!(grants.access_token("token", now).is_none());
    }

    #[test]
    fn only_its_own_application_revokes_a_token() {
        let (grants, now) = (Grants::new(), Utc::now());
        let code = grants.issue_code(grant(), now);
        grants.redeem(code.expose(), now, fits).unwrap();
        grants.keep(code.expose(), "token", token(now), now);
        assert!(!grants.revoke("token", &AppId::new("0oa2"), now));
        assert!(grants.revoke("token", &AppId::new("0oa1"), now));
        assert!(grants.access_token("token", now).is_none());
    }
}
