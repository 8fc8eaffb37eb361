//! What is wrong with a policy, and where.

use std::fmt;

/// Why a policy is refused. Displayed, it is what the policy's author reads, with the place at the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({place})")]
pub struct PolicyError {
    /// ngrok's number for it: `ERR_NGROK_<code>`, see [`code`].
    pub code: u16,
    /// What is wrong and what to do, in sentences.
    pub message: String,
    /// Where it is wrong.
    pub place: Place,
}

/// A place in a policy's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The way from the policy's root: `on_http_request[0].actions[1].config.status_code`; empty for the root itself.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, in characters, counted from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}, ", self.path)?;
        }
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// ngrok's numbers for what can be wrong with a policy and what an action can refuse.
pub mod code {
    /// The policy can't be parsed, or an expression in it is wrong.
    pub const INVALID: u16 = 2200;
    /// No action has this type.
    pub const ACTION_TYPE: u16 = 2201;
    /// The action is not possible in this phase.
    pub const PHASE: u16 = 2202;
    /// An action's configuration is wrong.
    pub const CONFIG: u16 = 2203;
    /// A rule has no actions.
    pub const NO_ACTIONS: u16 = 2206;
    /// An action stands after one that ends every exchange.
    pub const UNREACHABLE: u16 = 2207;
    /// A CIDR that is none.
    pub const CIDR: u16 = 2217;
    /// A `${…}` that is no expression.
    pub const TEMPLATE: u16 = 2224;
    /// An interpolated expression failed.
    pub const INTERPOLATION: u16 = 2238;
    /// An action's expression failed.
    pub const ACTION_EXPRESSION: u16 = 2253;
    /// A rule's expression failed.
    pub const EXPRESSION: u16 = 2254;
    /// A regular expression that is none.
    pub const REGEX: u16 = 2261;
    /// The circuit breaker is open.
    pub const CIRCUIT_BREAKER: u16 = 3202;
    /// The webhook's signature is not its provider's.
    pub const WEBHOOK: u16 = 3204;
    /// The address may not come in.
    pub const IP_RESTRICTION: u16 = 3205;
    /// The user agent may not come in.
    pub const USER_AGENT: u16 = 3211;
    /// The gate's cookies can't be for this domain.
    pub const COOKIE_DOMAIN: u16 = 3313;
}

/// Why a module can't be made of what was asked for; a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModuleError(pub(crate) String);
