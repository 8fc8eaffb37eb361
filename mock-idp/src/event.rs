//! What the org says about itself: requests, decisions and why, and the System Log as it grows.

use std::sync::Arc;

use ground::Secret;
use ground::evidence::Exchange;
use serde_json::{Map, Value};

use crate::misbehaviour::{Fault, Knob, KnobId};
use crate::model::{AppId, LogEvent, SessionId, SignInRefusal, UserId};

/// Something that the org saw or decided. `request` is the answer's `X-Okta-Request-Id`, which joins a decision to its
/// [`Answered`](Event::Answered) exchange and to the System Log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request was answered.
    Answered(Box<Exchange>),
    /// The System Log has a further entry.
    Logged(Arc<LogEvent>),
    /// Somebody gave name and password, and has a session now.
    SignedIn {
        /// In which request.
        request: String,
        /// Who.
        user: UserId,
        /// As it was typed.
        login: String,
        /// The session.
        session: SessionId,
    },
    /// Somebody gave name and password and was refused.
    SignInRefused {
        /// In which request.
        request: String,
        /// As it was typed.
        login: String,
        /// Why, which the person was not told.
        why: SignInRefusal,
    },
    /// An authorization request was refused.
    AuthorizeRefused {
        /// In which request.
        request: String,
        /// The client id that was given.
        client_id: String,
        /// The OAuth error code.
        error: String,
        /// Okta's internal code, more telling than `error`.
        reason: String,
        /// What the relying party or the person was told.
        description: String,
        /// Whether the browser was sent back to the relying party; else it was shown a page.
        redirected: bool,
    },
    /// An authorization request was granted.
    CodeIssued {
        /// In which request.
        request: String,
        /// To which application.
        app: AppId,
        /// For whom.
        user: UserId,
        /// The code.
        code: Secret,
        /// Where it was sent.
        redirect_uri: String,
        /// Whether redeeming it takes a code verifier.
        pkce: bool,
    },
    /// A code or a refresh token was redeemed, or tokens were sent by way of the browser.
    TokensIssued {
        /// In which request.
        request: String,
        /// To which application.
        app: AppId,
        /// For whom.
        user: UserId,
        /// The code that they were issued for, if for one.
        code: Option<Secret>,
        /// The ID token, misbehaviour included, if one was asked for.
        id_token: Option<Secret>,
        /// Its claims.
        id_token_claims: Map<String, Value>,
        /// The access token, if one was asked for.
        access_token: Option<Secret>,
        /// The refresh token to use next time.
        refresh_token: Option<Secret>,
    },
    /// A client got a token for itself.
    ClientTokenIssued {
        /// In which request.
        request: String,
        /// To which application.
        app: AppId,
        /// The access token.
        access_token: Secret,
    },
    /// A token request was refused.
    TokenRefused {
        /// In which request.
        request: String,
        /// The client id that was given, if one was.
        client_id: Option<String>,
        /// The OAuth error code.
        error: String,
        /// Okta's internal code, more telling than `error`.
        reason: String,
        /// What the relying party was told.
        description: String,
    },
    /// A code was redeemed again: refused, and the tokens that it had been traded for are revoked.
    CodeReused {
        /// In which request.
        request: String,
        /// The code.
        code: Secret,
        /// How many access tokens were revoked.
        revoked: usize,
    },
    /// A refresh token was used again after another had taken its place: refused, and its family is revoked.
    RefreshTokenReused {
        /// In which request.
        request: String,
        /// By which application.
        app: AppId,
        /// How many access tokens were revoked.
        revoked: usize,
    },
    /// Userinfo was given.
    UserinfoGiven {
        /// In which request.
        request: String,
        /// To which application.
        app: AppId,
        /// About whom.
        user: UserId,
        /// The claims, misbehaviour included.
        claims: Map<String, Value>,
    },
    /// Userinfo was refused.
    UserinfoRefused {
        /// In which request.
        request: String,
        /// Okta's internal code.
        reason: String,
    },
    /// Somebody signed out.
    SignedOut {
        /// In which request.
        request: String,
        /// Who.
        user: UserId,
        /// The session that ended.
        session: SessionId,
    },
    /// From now on the org does something wrong.
    KnobTurned {
        /// The knob's name.
        id: KnobId,
        /// What it does wrong, for whom, and how long.
        knob: Knob,
    },
    /// The org does something right again: a knob was healed, or came to its end.
    KnobHealed {
        /// The knob's name.
        id: KnobId,
    },
    /// The org did something wrong on demand.
    Misbehaved {
        /// In which request.
        request: String,
        /// The knob's name.
        id: KnobId,
        /// What.
        fault: Fault,
    },
}
