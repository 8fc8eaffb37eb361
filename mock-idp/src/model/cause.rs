//! Who does something, and from where: what the System Log says beside what was done.

use std::net::IpAddr;

use super::id::{ApiTokenId, AppId, SessionId, UserId};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The org itself, and whoever set it up in process.
    System,
    /// A user, in a browser.
    User(UserId),
    /// Somebody who gave a login that nobody has.
    Unknown {
        /// What was typed.
        login: String,
    },
    /// A user by an API token.
    ApiToken {
        /// Which token.
        token: ApiTokenId,
        /// Whose rights it carries.
        owner: UserId,
    },
    /// A relying party.
    App(AppId),
    /// Whoever asks from this address: nobody has been identified.
    Address(IpAddr),
}

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The caller's address.
    pub address: IpAddr,
    /// Its `User-Agent`, or nothing.
    pub user_agent: String,
}

/// What brings a change about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Who acts.
    pub actor: Actor,
    /// From where; absent in process.
    pub client: Option<Client>,
    /// In which session at the org, if in one.
    pub session: Option<SessionId>,
    /// The request's `X-Okta-Request-Id`, which the System Log shows as transaction id; absent in process.
    pub request: Option<String>,
}

impl Cause {
    /// The org itself, in process.
    pub fn system() -> Self {
        Self { actor: Actor::System, client: None, session: None, request: None }
    }

    /// The same circumstances, another actor.
    pub fn by(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }
}
