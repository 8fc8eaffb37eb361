//! The org's endpoints, as knobs name them.

use serde::{Deserialize, Serialize};

/// An endpoint of the org's host, of whichever authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Endpoint {
    /// The discovery document.
    Discovery,
    /// The JWK set.
    Keys,
    /// The authorization endpoint.
    Authorize,
    /// The token endpoint.
    Token,
    /// The userinfo endpoint.
    Userinfo,
    /// The pushed authorization request endpoint.
    Par,
    /// The device authorization endpoint.
    DeviceAuthorize,
    /// The introspection endpoint.
    Introspect,
    /// The revocation endpoint.
    Revoke,
    /// The end-session endpoint.
    Logout,
    /// The sign-in page, and what its clients ask of Identity Engine or of the primary authentication API beside the three
    /// that follow.
    SignIn,
    /// Where a sign-in is told who it is.
    Identify,
    /// Where a sign-in is given proof: a password, a code, what a security key made.
    Proof,
    /// Where a sign-in asks whether the device has done its part.
    Poll,
    /// The management API.
    Api,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: &[Self] = &[
        Self::Discovery,
        Self::Keys,
        Self::Authorize,
        Self::Token,
        Self::Userinfo,
        Self::Par,
        Self::DeviceAuthorize,
        Self::Introspect,
        Self::Revoke,
        Self::Logout,
        Self::SignIn,
        Self::Identify,
        Self::Proof,
        Self::Poll,
        Self::Api,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Keys => "keys",
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Par => "par",
            Self::DeviceAuthorize => "device_authorize",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
            Self::Logout => "logout",
            Self::SignIn => "sign_in",
            Self::Identify => "identify",
            Self::Proof => "proof",
            Self::Poll => "poll",
            Self::Api => "api",
        }
    }

    /// Which one is at a path of the org's host.
    pub(super) fn at(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            [".well-known", _] | ["oauth2", _, ".well-known", _] => Some(Self::Discovery),
            ["oauth2", "v1", "device", "authorize"] | ["oauth2", _, "v1", "device", "authorize"] => {
                Some(Self::DeviceAuthorize)
            }
            ["oauth2", "v1", name] | ["oauth2", _, "v1", name] => Self::of_authorization_server(name),
            ["idp", "idx", "identify"] | ["api", "v1", "authn"] => Some(Self::Identify),
            ["idp", "idx", "challenge", "answer"]
            | ["api", "v1", "authn", "factors", _, "verify"]
            | ["signin", "verify"] => Some(Self::Proof),
            ["idp", "idx", "challenge", "poll"] | ["signin", "poll"] => Some(Self::Poll),
            ["signin"] | ["idp", "idx", ..] | ["api", "v1", "authn", ..] => Some(Self::SignIn),
            ["api", "v1", ..] => Some(Self::Api),
            _ => None,
        }
    }

    fn of_authorization_server(name: &str) -> Option<Self> {
        match name {
            "keys" => Some(Self::Keys),
            "authorize" => Some(Self::Authorize),
            "token" => Some(Self::Token),
            "userinfo" => Some(Self::Userinfo),
            "par" => Some(Self::Par),
            "introspect" => Some(Self::Introspect),
            "revoke" => Some(Self::Revoke),
            "logout" => Some(Self::Logout),
            _ => None,
        }
    }

    /// Whether its requests tell for which app they are.
    pub(super) fn knows_app(self) -> bool {
        !self.is_of_sign_in() && !matches!(self, Self::Keys | Self::Api)
    }

    /// Whether its requests tell for which user they are.
    pub(super) fn knows_user(self) -> bool {
        !self.is_of_sign_in()
            && !matches!(self, Self::Discovery | Self::Keys | Self::DeviceAuthorize | Self::Api)
    }

    fn is_of_sign_in(self) -> bool {
        matches!(self, Self::SignIn | Self::Identify | Self::Proof | Self::Poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_known_by_their_paths_at_every_authorization_server() {
        let at = |path| Endpoint::at(path).map(Endpoint::name);
        assert_eq!(at("/.well-known/openid-configuration"), Some("discovery"));
        assert_eq!(at("/oauth2/default/.well-known/oauth-authorization-server"), Some("discovery"));
        assert_eq!(at("/oauth2/v1/token"), Some("token"));
        assert_eq!(at("/oauth2/default/v1/token"), Some("token"));
        assert_eq!(at("/oauth2/default/v1/device/authorize"), Some("device_authorize"));
        assert_eq!(at("/api/v1/users/me"), Some("api"));
        assert_eq!(at("/idp/idx/introspect"), Some("sign_in"));
        assert_eq!(at("/idp/idx/identify"), Some("identify"));
        assert_eq!(at("/idp/idx/challenge"), Some("sign_in"));
        assert_eq!(at("/idp/idx/challenge/answer"), Some("proof"));
        assert_eq!(at("/idp/idx/challenge/poll"), Some("poll"));
        assert_eq!(at("/api/v1/authn"), Some("identify"));
        assert_eq!(at("/api/v1/authn/factors/ost1/verify"), Some("proof"));
        assert_eq!(at("/api/v1/authn/introspect"), Some("sign_in"));
        for path in ["/", "/oauth2/v1/nothing", "/gatewright/v1/misbehaviour", "", "/oauth2/v1/token/x"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn an_endpoint_is_named_as_in_json() {
        for endpoint in Endpoint::ALL {
            assert_eq!(serde_json::to_value(endpoint).unwrap(), endpoint.name());
        }
    }
}
