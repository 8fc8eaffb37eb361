use std::fmt;

use crate::{Refusal, Settings};

/// Who someone is, by the word of the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The issuer that vouches.
    pub issuer: String,
    /// The subject identifier (`sub`), unique at the issuer.
    pub id: String,
    /// The e-mail address, where the issuer gave one.
    pub email: Option<String>,
    /// The full name, where the issuer gave one.
    pub name: Option<String>,
}

/// What the issuer said of someone's e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmailStanding {
    /// Verified, or nothing was said.
    Acceptable,
    /// `email_verified` is false.
    Unverified,
}

/// Applies the allow-lists of `settings`. Without lists everyone passes whom the issuer vouches for.
pub(crate) fn authorize(
    identity: &Identity,
    standing: EmailStanding,
    settings: &Settings,
) -> Result<(), Refusal> {
    if settings.allow_emails().is_empty() && settings.allow_domains().is_empty() {
        return Ok(());
    }
    let email = identity.email.as_deref().filter(|email| !email.is_empty()).ok_or(Refusal::NoEmail)?;
    if standing == EmailStanding::Unverified {
        return Err(Refusal::EmailUnverified);
    }
    let not_permitted = || Refusal::NotPermitted { email: email.to_owned() };
    let address = Address::parse(email).ok_or_else(not_permitted)?;
    let allowed = settings.allow_emails().contains(&address.normalized())
        || settings.allow_domains().contains(&address.domain());
    if allowed { Ok(()) } else { Err(not_permitted()) }
}

/// An e-mail address that can be compared: one `@`, plain ASCII on both sides, nothing that mail software could read
/// in two ways (quotes, comments, white space, a trailing dot).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    local: &'a str,
    domain: &'a str,
}

impl<'a> Address<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let plain_local = !local.is_empty()
            && local.len() <= 64
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
        let plain_domain = !domain.is_empty()
            && domain.len() <= 253
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            });
        (plain_local && plain_domain).then_some(Self { local, domain })
    }

    /// In lower case, which is how addresses and domains are compared.
    pub(crate) fn normalized(&self) -> String {
        format!("{}@{}", self.local, self.domain).to_ascii_lowercase()
    }

    pub(crate) fn domain(&self) -> String {
        self.domain.to_ascii_lowercase()
    }
}

impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

#[cfg(test)]
mod tests {
    use ground::Secret;
    use proptest::prelude::*;

    use super::*;
    use crate::Draft;

    fn settings(emails: &[&str], domains: &[&str]) -> Settings {
        let draft = Draft {
            issuer: "https://acme.okta.test".to_owned(),
            client_id: "client".to_owned(),
            client_secret: Secret::new("client secret", "hunter2"),
            allow_emails: emails.iter().map(|text| (*text).to_owned()).collect(),
            allow_domains: domains.iter().map(|text| (*text).to_owned()).collect(),
            ..Draft::default()
        };
        draft.check().unwrap()
    }

    fn someone(email: Option<&str>) -> Identity {
        let issuer = "https://acme.okta.test".to_owned();
        Identity { issuer, id: "00u1".to_owned(), email: email.map(str::to_owned), name: None }
    }

    fn enters(email: &str, settings: &Settings) -> bool {
        match authorize(&someone(Some(email)), EmailStanding::Acceptable, settings) {
            Ok(()) => true,
            Err(refusal) => {
                assert_eq!(refusal, Refusal::NotPermitted { email: email.to_owned() });
                false
            }
        }
    }

    #[test]
    fn without_lists_everyone_enters() {
        let open = settings(&[], &[]);
        assert_eq!(authorize(&someone(None), EmailStanding::Unverified, &open), Ok(()));
    }

    #[test]
    fn an_address_or_a_domain_lets_someone_in() {
        let lists = settings(&["Bob@other.test"], &["@Example.com"]);
        assert!(enters("bob@other.test", &lists));
        assert!(enters("alice@EXAMPLE.com", &lists));
        assert!(!enters("carol@other.test", &lists));
    }

    #[test]
    fn a_domain_is_matched_whole() {
        let lists = settings(&[], &["example.com"]);
        for email in [
            "a@evil-example.com",
            "a@evilexample.com",
            "a@sub.example.com",
            "a@example.com.evil.test",
            "a@example.co",
            "a@example.com.",
            "a@evil.test@example.com",
            "a@example.com@evil.test",
            "a@evil.test,b@example.com",
            "a@example.com\n",
            "a b@example.com",
            "\"a@evil.test\"@example.com",
            "a@\u{ff45}xample.com",
            "@example.com",
            "example.com",
        ] {
            assert!(!enters(email, &lists), "{email:?}");
        }
    }

    #[test]
    fn lists_ask_for_a_verified_address() {
        let lists = settings(&[], &["example.com"]);
        for nobody in [None, Some("")] {
            assert_eq!(authorize(&someone(nobody), EmailStanding::Acceptable, &lists), Err(Refusal::NoEmail));
        }
        let alice = someone(Some("alice@example.com"));
        assert_eq!(authorize(&alice, EmailStanding::Unverified, &lists), Err(Refusal::EmailUnverified));
    }

    proptest! {
        #[test]
        fn only_a_whole_domain_enters(email in "[a-z@.\\-]{0,12}(@|)[a-z.\\-]{0,6}example[.]com[.a-z@ ]{0,4}") {
            let lists = settings(&[], &["example.com"]);
            let plainly_ours = email
                .strip_suffix("@example.com")
                .is_some_and(|local| !local.is_empty() && !local.contains('@'));
            prop_assert_eq!(enters(&email, &lists), plainly_ours);
        }
    }
}
