//! What every handler of one org shares.

use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::{Clock, Sink};
use url::Url;

use crate::Event;
use crate::authn::Transactions;
use crate::keys::KeyPoolError;
use crate::misbehaviour::Misbehaviour;
use crate::model::{Cause, Entry, EventType, Model, RelyingParty, ServerName, Surface};
use crate::oidc::{
    ConsentsAwaited, DeviceRequests, Grants, KeyRing, PushedRequests, ServerKeys, UsedAssertions,
};
use crate::rate_limit::RateLimits;
use crate::sign_in::SignIns;
use crate::web::CsrfKey;
use crate::widget::{Engine, SignInWidget};

/// One org, as its handlers see it. Clones are the same org.
#[derive(Clone)]
pub(crate) struct Site {
    parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) names: Names,
    pub(crate) clock: Clock,
    pub(crate) sink: Sink<Event>,
    pub(crate) model: Model,
    pub(crate) keys: KeyRing,
    pub(crate) grants: Grants,
    pub(crate) pushed_requests: PushedRequests,
    pub(crate) used_assertions: UsedAssertions,
    pub(crate) device_requests: DeviceRequests,
    pub(crate) consents_awaited: ConsentsAwaited,
    pub(crate) sign_ins: SignIns,
    pub(crate) transactions: Transactions,
    pub(crate) csrf: CsrfKey,
    /// Okta's own sign-in page, where it takes the place of ours.
    pub(crate) widget: Option<SignInWidget>,
    pub(crate) misbehaviour: Misbehaviour,
    pub(crate) rate_limits: RateLimits,
}

/// What the org is called, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The organisation's name for people.
    pub(crate) name: String,
    /// The host of sign-in, dashboard, OpenID Connect and management API.
    pub(crate) host: String,
    /// The host of the admin console.
    pub(crate) admin_host: String,
    /// The port that stands in URLs; 443 does not.
    pub(crate) port: u16,
}

impl Names {
    /// `https://acme.okta.test`, which is also the issuer.
    pub(crate) fn org_url(&self) -> String {
        self.origin(&self.host)
    }

    /// `https://acme-admin.okta.test`.
    pub(crate) fn admin_url(&self) -> String {
        self.origin(&self.admin_host)
    }

    /// The origin of one of the two hosts.
    pub(crate) fn url_of(&self, surface: Surface) -> String {
        match surface {
            Surface::Org => self.org_url(),
            Surface::Admin => self.admin_url(),
        }
    }

    /// Which of the two hosts a `Host` header or `:authority` names.
    pub(crate) fn surface(&self, authority: &str) -> Option<Surface> {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.parse() == Ok(self.port) => host,
            Some(_) => return None,
            None if self.port == 443 => authority,
            None => return None,
        };
        if host.eq_ignore_ascii_case(&self.host) {
            Some(Surface::Org)
        } else if host.eq_ignore_ascii_case(&self.admin_host) {
            Some(Surface::Admin)
        } else {
            None
        }
    }

    fn origin(&self, host: &str) -> String {
        match self.port {
            443 => format!("https://{host}"),
            port => format!("https://{host}:{port}"),
        }
    }
}

impl Site {
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// The org's issuer, which is its URL (the org authorization server).
    pub(crate) fn issuer(&self) -> String {
        self.names.org_url()
    }

    /// Has an authorization server sign with its next key from now on.
    pub(crate) async fn rotate_keys(
        &self,
        server: &ServerName,
        cause: &Cause,
    ) -> Result<Arc<ServerKeys>, KeyPoolError> {
        let keys = self.keys.rotate(server).await?;
        let target = self.model.authorization_server(server).map(|server| server.party());
        let entry = target.into_iter().fold(Entry::of(EventType::KeyRollover.at(server)), Entry::to);
        self.model.log(entry, cause);
        Ok(keys)
    }

    /// The org as security keys know it.
    pub(crate) fn relying_party(&self) -> RelyingParty {
        let origin = Url::parse(&self.names.org_url()).expect("the org's names make a URL");
        RelyingParty { id: self.names.host.clone(), name: self.names.name.clone(), origin }
    }

    /// Which of Okta's engines the sign-in page is of; ours is shaped like Identity Engine's.
    pub(crate) fn engine(&self) -> Engine {
        self.widget.as_ref().map_or(Engine::IdentityEngine, SignInWidget::engine)
    }

    /// Stage time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({})", self.names.host)
    }
}

impl Deref for Site {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(port: u16) -> Names {
        let (name, host, admin_host) =
            ("acme".into(), "acme.okta.test".into(), "acme-admin.okta.test".into());
        Names { name, host, admin_host, port }
    }

    #[test]
    fn the_ordinary_port_stands_nowhere_and_any_other_everywhere() {
        assert_eq!(names(443).org_url(), "https://acme.okta.test");
        assert_eq!(names(8443).admin_url(), "https://acme-admin.okta.test:8443");
        assert_eq!(names(443).surface("Acme.okta.test"), Some(Surface::Org));
        assert_eq!(names(443).surface("acme-admin.okta.test:443"), Some(Surface::Admin));
        assert_eq!(names(8443).surface("acme.okta.test:8443"), Some(Surface::Org));
        for (port, authority) in
            [(443, "evil.test"), (443, "acme.okta.test:444"), (8443, "acme.okta.test"), (443, "")]
        {
            assert_eq!(names(port).surface(authority), None, "{authority} at {port}");
        }
    }
}
