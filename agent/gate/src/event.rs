use crate::sessions::SessionId;
use crate::{Endpoint, Identity, Refusal, ReturnTo};

/// What a relying party saw or did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Someone was sent to the issuer.
    LoginBegan {
        /// Where the login began and will end.
        endpoint: Endpoint,
        /// The issuer.
        issuer: String,
        /// Where the person goes afterwards.
        return_to: ReturnTo,
    },
    /// The issuer's answer was parked on the identity host, to be fetched on the endpoint.
    CallbackParked {
        /// The endpoint that the login belongs to.
        endpoint: Endpoint,
    },
    /// The issuer's metadata and keys were fetched.
    IssuerDiscovered {
        /// The issuer.
        issuer: String,
    },
    /// The issuer's keys were fetched again, since a token named a key that was not among them.
    KeysRefetched {
        /// The issuer.
        issuer: String,
    },
    /// A login ended well.
    SignedIn {
        /// The endpoint that the session is for.
        endpoint: Endpoint,
        /// The new session.
        session: SessionId,
        /// Whose session it is.
        identity: Identity,
    },
    /// Userinfo was asked again about someone with a session, who still may pass.
    UserinfoRefreshed {
        /// The endpoint that the session is for.
        endpoint: Endpoint,
        /// The session.
        session: SessionId,
        /// Who it is, by what the issuer says now.
        identity: Identity,
    },
    /// A session ended.
    SessionEnded {
        /// The endpoint that the session was for.
        endpoint: Endpoint,
        /// The session.
        session: SessionId,
        /// Why it ended.
        why: SessionEnd,
    },
    /// Someone was refused.
    Refused {
        /// The endpoint; nothing when it happened on the identity host before the endpoint was known.
        endpoint: Option<Endpoint>,
        /// Why.
        refusal: Refusal,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEnd {
    /// Nothing that came through it was under way for as long as the settings allow.
    Idle,
    /// It lived as long as the settings allow.
    Maximum,
    /// The endpoint's settings are others now.
    SettingsChanged,
    /// The person signed out.
    SignedOut,
    /// The same browser signed in again.
    Replaced,
    /// It was revoked from outside.
    Revoked,
    /// When the issuer was asked again, it did not vouch for the person any more, or its word no longer suffices.
    Unconfirmed,
    /// There were too many sessions, and this one had been unused for longest.
    Evicted,
}
