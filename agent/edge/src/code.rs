//! ngrok's error codes, and refusals that carry one. The codes and what they stand for are ngrok's; the texts are ours.

use std::fmt;

/// An error code, written `ERR_NGROK_<n>`: in the `ngrok-error-code` header, on error pages and in answers to agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

impl Code {
    /// An authtoken that does not look like one.
    pub const TOKEN_MALFORMED: Self = Self(105);
    /// An authtoken that nobody has, or has no more.
    pub const TOKEN_UNKNOWN: Self = Self(107);
    /// More agent sessions than the account may have.
    pub const TOO_MANY_SESSIONS: Self = Self(108);
    /// An authentication message that cannot be read.
    pub const AUTH_UNREADABLE: Self = Self(109);
    /// A heartbeat interval out of bounds.
    pub const HEARTBEAT_INTERVAL: Self = Self(111);
    /// A heartbeat tolerance out of bounds.
    pub const HEARTBEAT_TOLERANCE: Self = Self(112);
    /// A user agent that is no user agent.
    pub const USER_AGENT: Self = Self(124);
    /// No authtoken.
    pub const TOKEN_MISSING: Self = Self(4018);
    /// A bind message that cannot be read, or that asks for what this edge does not enforce.
    pub const BIND_INVALID: Self = Self(301);
    /// A wildcard that nobody reserved.
    pub const WILDCARD: Self = Self(318);
    /// A name that belongs to another account, or to the edge itself.
    pub const NAME_RESERVED: Self = Self(320);
    /// More endpoints than one agent session may have.
    pub const TOO_MANY_ENDPOINTS: Self = Self(324);
    /// A character that no domain has.
    pub const NAME_CHARACTER: Self = Self(326);
    /// Two dots in a row.
    pub const NAME_DOTS: Self = Self(327);
    /// A label begins with a hyphen.
    pub const NAME_FIRST: Self = Self(328);
    /// A label ends with a hyphen.
    pub const NAME_LAST: Self = Self(329);
    /// `--` where only punycode has it.
    pub const NAME_HYPHENS: Self = Self(330);
    /// A top-level domain that nobody reaches.
    pub const NAME_SUFFIX: Self = Self(331);
    /// A protocol that is not spoken here.
    pub const PROTOCOL: Self = Self(332);
    /// No tunnel of that id.
    pub const NO_SUCH_TUNNEL: Self = Self(333);
    /// The URL is online already.
    pub const ALREADY_ONLINE: Self = Self(334);
    /// A rebind whose token is not the one that was given.
    pub const BIND_TOKEN: Self = Self(335);
    /// An IP policy that does not exist.
    pub const IP_POLICY: Self = Self(341);
    /// Punycode that is none.
    pub const NAME_PUNYCODE: Self = Self(347);
    /// The credential's ACL does not permit this name.
    pub const ACL_NAME: Self = Self(316);
    /// The credential's ACL does not permit any free TCP address.
    pub const ACL_ADDRESS: Self = Self(356);
    /// The credential's ACL does not permit this label.
    pub const ACL_LABEL: Self = Self(399);
    /// More credentials than the account may have.
    pub const TOO_MANY_CREDENTIALS: Self = Self(602);
    /// More API keys than the account may have.
    pub const TOO_MANY_API_KEYS: Self = Self(603);
    /// Something failed that nobody but the edge's owner can mend.
    pub const INTERNAL: Self = Self(722);
    /// An ACL rule that is none.
    pub const ACL_RULE: Self = Self(600);
    /// The account reserved this domain already.
    pub const DOMAIN_TAKEN: Self = Self(413);
    /// Another account reserved this domain.
    pub const DOMAIN_TAKEN_ELSEWHERE: Self = Self(414);
    /// Another account is online on this domain.
    pub const DOMAIN_BUSY: Self = Self(430);
    /// More reserved domains than the account may have.
    pub const TOO_MANY_DOMAINS: Self = Self(431);
    /// A reserved domain that is in use can't be given back.
    pub const DOMAIN_IN_USE: Self = Self(446);
    /// An underscore in a name.
    pub const NAME_UNDERSCORE: Self = Self(355);
    /// A webhook provider that is not offered.
    pub const WEBHOOK_PROVIDER: Self = Self(364);
    /// An OAuth provider that is not offered.
    pub const OAUTH_PROVIDER: Self = Self(365);
    /// Something was referred to that does not exist.
    pub const NO_SUCH_RESOURCE: Self = Self(380);
    /// An Edge has this host and port.
    pub const HELD_BY_EDGE: Self = Self(381);
    /// A label of more than 63 characters.
    pub const NAME_LABEL_LENGTH: Self = Self(396);
    /// A name of more than 253 characters.
    pub const NAME_LENGTH: Self = Self(397);
    /// A description that is too long.
    pub const DESCRIPTION_LENGTH: Self = Self(420);
    /// Metadata that is too long.
    pub const METADATA_LENGTH: Self = Self(421);
    /// Modules that can't both decide who passes.
    pub const AUTH_CONFLICT: Self = Self(1679);
    /// An action that no traffic policy has here.
    pub const POLICY_ACTION: Self = Self(2201);
    /// A URL with a part that endpoints do not have.
    pub const URL_PART: Self = Self(9037);
    /// The account may not use OIDC.
    pub const OIDC_NOT_ENTITLED: Self = Self(5207);
    /// OIDC is not possible on this kind of endpoint.
    pub const OIDC_NOT_HERE: Self = Self(5212);
    /// The upstream's answer is not HTTP.
    pub const UPSTREAM_INVALID: Self = Self(3004);
    /// No tunnel is online for this endpoint.
    pub const OFFLINE: Self = Self(3200);
    /// An address that may not connect.
    pub const IP_RESTRICTION: Self = Self(3205);
    /// The endpoint takes WebSockets alone.
    pub const NO_WEBSOCKET: Self = Self(3206);
    /// Nothing is configured for this path.
    pub const NO_ROUTE: Self = Self(3209);
    /// The tunnel broke while a request was on its way.
    pub const FORWARDING: Self = Self(3210);
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERR_NGROK_{}", self.0)
    }
}

/// A request that was understood and refused: why, in words that help, and under which code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The code that clients act upon.
    pub code: Code,
    /// What was wrong and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal with its reason.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The text that agents get in an answer's `Error`: every SDK finds the code on a line of its own.
    pub(crate) fn to_agent(&self) -> String {
        wire::message::Refusal::new(u32::from(self.code.0), self.message.clone()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_find_the_code_on_a_line_of_its_own() {
        let refusal = Refusal::new(Code::TOKEN_UNKNOWN, "This authtoken is not known.");
        assert_eq!(refusal.to_agent(), "This authtoken is not known.\r\n\r\nERR_NGROK_107\r\n");
    }
}
