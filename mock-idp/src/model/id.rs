//! Okta's identifiers: twenty characters whose first three say what it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use ground::random;
use serde::{Serialize, Serializer};

use super::PolicyKind;
use super::factor::FactorKind;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident $(= $prefix:literal)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            $(pub(crate) fn mint(minting: &Minting, now: DateTime<Utc>) -> Self {
                Self(minting.mint($prefix, now).into())
            })?

            /// Takes a text for an identifier. Whether there is such a thing, the model says.
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}

identifiers! {
    /// The org itself, `00o…`.
    OrgId = "00o";
    /// A user, `00u…`.
    UserId = "00u";
    /// A group, `00g…`.
    GroupId = "00g";
    /// An application, `0oa…`; its client id is the same text.
    AppId = "0oa";
    /// A policy: `00p…`, an application's `rst…`.
    PolicyId = "00p";
    /// A custom authorization server, `aus…`, or `default`.
    AuthorizationServerId = "aus";
    /// A scope of an authorization server, `scp…`.
    ScopeId = "scp";
    /// A claim of an authorization server's own, `ocl…`.
    ClaimId = "ocl";
    /// What a person let an application do, `oag…`.
    ConsentId = "oag";
    /// A session at the org, `102…`.
    SessionId = "102";
    /// A policy's rule, `0pr…`.
    RuleId = "0pr";
    /// An API token's name in lists and in the System Log, `00T…`; not the token itself.
    ApiTokenId = "00T";
    /// A client secret's name in lists, `ocs…`; not the secret itself.
    ClientSecretId = "ocs";
    /// A network zone, `nzo…`.
    ZoneId = "nzo";
    /// A factor of a user's, `ost…`, `opf…`, `fwf…` or `ofs…` by its [kind](FactorKind).
    FactorId;
    /// A push notification, `v2mst.…`.
    PushId;
}

impl FactorId {
    pub(crate) fn mint(kind: FactorKind, minting: &Minting, now: DateTime<Utc>) -> Self {
        let prefix = match kind {
            FactorKind::Totp => "ost",
            FactorKind::Push => "opf",
            FactorKind::WebAuthn => "fwf",
            FactorKind::SignedNonce => "ofs",
        };
        Self(minting.mint(prefix, now).into())
    }
}

impl PolicyId {
    pub(crate) fn mint_for(kind: PolicyKind, minting: &Minting, now: DateTime<Utc>) -> Self {
        match kind {
            PolicyKind::Access => Self(minting.mint("rst", now).into()),
            PolicyKind::SignOn | PolicyKind::Password | PolicyKind::Enrolment => Self::mint(minting, now),
        }
    }
}

/// Makes identifiers that sort by the order in which they were made, so that lists and pages come in that order.
#[derive(Debug, Default)]
pub(crate) struct Minting {
    last: AtomicU64,
}

impl Minting {
    fn mint(&self, prefix: &str, now: DateTime<Utc>) -> String {
        let clock = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let next = |last: u64| clock.max(last + 1);
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(next(last)));
        let serial = next(last.unwrap_or_default());
        format!("{prefix}{}{}", base62(serial), random::alphanumeric(9))
    }
}

/// Eight base-62 digits, in ASCII order. Milliseconds fill them in the year 8890.
fn base62(mut number: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 8];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_look_as_oktas_and_sort_by_age() {
        let (minting, now) = (Minting::default(), Utc::now());
        let made: Vec<_> = std::iter::repeat_with(|| UserId::mint(&minting, now)).take(200).collect();
        assert!(made.iter().all(|id| id.as_str().len() == 20 && id.as_str().starts_with("00u")));
        assert!(made.is_sorted());
        assert_ne!(UserId::mint(&Minting::default(), now), UserId::mint(&Minting::default(), now));
    }
}
