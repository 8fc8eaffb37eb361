//! Identifiers: ngrok's prefixes and 27 random characters. Clones share the text.

use std::fmt;
use std::sync::Arc;

use ground::random;

/// How many characters follow the prefix.
const LENGTH: usize = 27;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            #[allow(dead_code, reason = "some kinds stand for something that is there")]
            pub(crate) fn random() -> Self {
                Self(format!(concat!($prefix, "{}"), random::alphanumeric(LENGTH)).into())
            }

            /// The identifier that stands for a digest, always the same.
            #[allow(dead_code, reason = "most kinds are random alone")]
            pub(crate) fn of_digest(digest: &[u8]) -> Self {
                let text: String = digest.iter().take(13).map(|byte| format!("{byte:02x}")).collect();
                Self(format!(concat!($prefix, "{}"), text).into())
            }

            /// The identifier in `text`, if it is one of this kind.
            pub fn parse(text: &str) -> Option<Self> {
                let rest = text.strip_prefix($prefix)?;
                let valid = (1..=64).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric());
                valid.then(|| Self(text.into()))
            }

            /// The identifier as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// An account.
    AccountId = "ac_";
    /// A login of the dashboard.
    LoginId = "usr_";
    /// An API key.
    ApiKeyId = "ak_";
    /// A credential: an authtoken.
    CredentialId = "cr_";
    /// A reserved domain.
    DomainId = "rd_";
    /// Somebody who signs in to an account's endpoints.
    AppUserId = "au_";
    /// An IP policy.
    IpPolicyId = "ipp_";
    /// A rule of an IP policy.
    IpRuleId = "ipr_";
    /// A certificate authority.
    CertificateAuthorityId = "ca_";
    /// An HTTPS Edge.
    EdgeId = "edghts_";
    /// A route of an HTTPS Edge.
    RouteId = "edghtsrt_";
    /// A tunnel group backend.
    BackendId = "bkdtg_";
    /// An agent's session.
    SessionId = "ts_";
    /// A tunnel.
    TunnelId = "tn_";
    /// An endpoint: a public URL.
    EndpointId = "ep_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_its_kind_alone() {
        let id = EdgeId::random();
        assert_eq!(EdgeId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(RouteId::parse(id.as_str()), None);
        assert_eq!(EdgeId::parse("edghts_"), None);
        assert_eq!(EdgeId::parse("edghts_a/b"), None);
    }
}
