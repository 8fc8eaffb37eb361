//! What the edge vouches for towards reconnecting agents, without remembering it: who had a client id, and who had a
//! tunnel under which URL.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::random;

use super::{AccountId, HostPort, Scheme, TunnelId};

/// The edge's key for its vouchers; they end with it, unless it is kept.
pub(crate) struct Vouchers {
    key: hmac::Key,
}

/// What a bind's token says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BindToken {
    /// This tunnel was given this URL, to this account.
    Genuine(Scheme, HostPort),
    /// It is a token, but not one of ours for this tunnel and account.
    Foreign,
    /// It is no token.
    Malformed,
}

impl Vouchers {
    pub(crate) fn new() -> Self {
        Self::with_key(random::bytes())
    }

    /// Those of an edge that had this key before.
    pub(crate) fn with_key(key: [u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key) }
    }

    /// The cookie of an agent with this client id.
    pub(crate) fn session_cookie(&self, account: &AccountId, client_id: &str) -> String {
        self.tag(&["session", account.as_str(), client_id])
    }

    /// Whether the cookie is this client id's.
    pub(crate) fn knows_session(&self, account: &AccountId, client_id: &str, cookie: &str) -> bool {
        self.verify(&["session", account.as_str(), client_id], cookie)
    }

    /// The token of a tunnel that was given this URL.
    pub(crate) fn bind_token(
        &self,
        account: &AccountId,
        tunnel: &TunnelId,
        scheme: Scheme,
        at: &HostPort,
    ) -> String {
        let address = at.to_string();
        let tag = self.tag(&["bind", account.as_str(), tunnel.as_str(), scheme.as_str(), &address]);
        format!("{tag}.{scheme}.{address}")
    }

    /// Reads the token of a tunnel.
    pub(crate) fn read_bind_token(&self, account: &AccountId, tunnel: &TunnelId, token: &str) -> BindToken {
        let mut parts = token.splitn(3, '.');
        let (Some(tag), Some(scheme), Some(address)) = (parts.next(), parts.next(), parts.next()) else {
            return BindToken::Malformed;
        };
        let (Some(scheme), Some(at)) = (Scheme::parse(scheme), HostPort::parse(address)) else {
            return BindToken::Malformed;
        };
        let fields = ["bind", account.as_str(), tunnel.as_str(), scheme.as_str(), address];
        if self.verify(&fields, tag) { BindToken::Genuine(scheme, at) } else { BindToken::Foreign }
    }

    fn tag(&self, fields: &[&str]) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, &message(fields)))
    }

    fn verify(&self, fields: &[&str], tag: &str) -> bool {
        URL_SAFE_NO_PAD.decode(tag).is_ok_and(|tag| hmac::verify(&self.key, &message(fields), &tag).is_ok())
    }
}

/// Each field behind its length, so that none can pass for another.
fn message(fields: &[&str]) -> Vec<u8> {
    let mut message = Vec::new();
    for field in fields {
        message.extend((field.len() as u64).to_be_bytes());
        message.extend(field.as_bytes());
    }
    message
}

impl fmt::Debug for Vouchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vouchers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_tunnel_and_account_alone() {
        let (vouchers, account, tunnel) = (Vouchers::new(), AccountId::random(), TunnelId::random());
        let at = HostPort::parse("app.tunnel.test:443").unwrap();
        let token = vouchers.bind_token(&account, &tunnel, Scheme::Https, &at);
        let read = |account: &AccountId, tunnel: &TunnelId, token: &str| {
            vouchers.read_bind_token(account, tunnel, token)
        };
        assert_eq!(read(&account, &tunnel, &token), BindToken::Genuine(Scheme::Https, at));
        assert_eq!(read(&AccountId::random(), &tunnel, &token), BindToken::Foreign);
        assert_eq!(read(&account, &TunnelId::random(), &token), BindToken::Foreign);
        assert_eq!(read(&account, &tunnel, &token.replace("app.", "evil.")), BindToken::Foreign);
        assert_eq!(read(&account, &tunnel, &token.replace(":443", ":444")), BindToken::Foreign);
        assert_eq!(read(&account, &tunnel, &token.replace("https", "tls")), BindToken::Foreign);
        assert_eq!(read(&account, &tunnel, "nonsense"), BindToken::Malformed);
    }

    #[test]
    fn a_session_cookie_is_good_for_its_client_id_alone() {
        let (vouchers, account) = (Vouchers::new(), AccountId::random());
        let cookie = vouchers.session_cookie(&account, "one");
        assert!(vouchers.knows_session(&account, "one", &cookie));
        assert!(!vouchers.knows_session(&account, "two", &cookie));
        assert!(!vouchers.knows_session(&AccountId::random(), "one", &cookie));
        assert!(!vouchers.knows_session(&account, "one", ""));
    }
}
