//! Starting and stopping an org.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use axum::body::Body;
use ground::authority::AuthorityError;
use ground::serve::{bind_loopback, serve};
use ground::{Authority, Clock, Connection, Secret, Sink, Tasks};
use http::Request;
use hyper::body::Incoming;
use tower::service_fn;

use crate::Event;
use crate::authn::Transactions;
use crate::keys::{KeyPool, KeyPoolError};
use crate::misbehaviour::Misbehaviour;
use crate::model::{Cause, Model, ModelError, NewUser, Profile, RelyingParty, ServerName, UserId};
use crate::oidc::{ConsentsAwaited, DeviceRequests, Grants, KeyRing, PushedRequests, UsedAssertions};
use crate::rate_limit::RateLimits;
use crate::server::Server;
use crate::sign_in::SignIns;
use crate::site::{Names, Parts, Site};
use crate::web::CsrfKey;
use crate::widget::SignInWidget;

/// What an org is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// The organisation's name for people, `acme`.
    pub name: String,
    /// The org's host, `acme.okta.test`.
    pub host: String,
    /// The admin console's host, `acme-admin.okta.test`.
    pub admin_host: String,
    /// The port that stands in the org's URLs (443 does not); the one that it listens on when absent.
    pub public_port: Option<u16>,
    /// Who vouches for the hosts.
    pub authority: Authority,
    /// The stage's time.
    pub clock: Clock,
    /// Who is told what the org sees and decides.
    pub evidence: Sink<Event>,
    /// Where signing keys come from.
    pub keys: KeyPool,
    /// Okta's own sign-in page, in place of the org's.
    pub sign_in_widget: Option<SignInWidget>,
}

/// Why an org could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No signing key.
    #[error("the org has no signing keys: {0}")]
    Keys(#[from] KeyPoolError),
    /// No port.
    #[error("the org can't listen on loopback: {0}")]
    Listen(#[from] io::Error),
    /// No TLS.
    #[error("the org can't serve TLS: {0}")]
    Tls(#[from] AuthorityError),
    /// The administrator could not be made, since the host makes no login.
    #[error("the org's administrator could not be made: {0}")]
    Administrator(#[from] ModelError),
}

/// The administrator that every org has from the start.
#[derive(Clone, Debug)]
pub struct Administrator {
    /// Its identifier.
    pub id: UserId,
    /// `admin@` and the org's host.
    pub login: String,
    /// Made up for each org.
    pub password: Secret,
}

/// An org that is up. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Org {
    site: Site,
    https_addr: SocketAddr,
    administrator: Administrator,
    api_token: Secret,
    tasks: Tasks,
}

impl Org {
    /// Starts an org with the built-in group and one administrator: no apps, nobody else. Takes a few milliseconds when
    /// the pool has keys.
    ///
    /// # Errors
    /// When there are no keys in time, or no port or no certificate can be had.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let keys = KeyRing::claim(&config.keys).await?;
        let listener = bind_loopback().await?;
        let https_addr = listener.local_addr()?;
        let names = Names {
            name: config.name,
            host: config.host,
            admin_host: config.admin_host,
            port: config.public_port.unwrap_or(https_addr.port()),
        };
        let hosts = [names.host.clone(), names.admin_host.clone()];
        let serves = move |host: &str| hosts.iter().any(|known| known == host);
        let tls = config.authority.server_config(&[b"h2", b"http/1.1"], serves)?;
        let model = Model::new(config.clock.clone(), config.evidence.clone());
        let (administrator, api_token) = found(&model, &names.host)?;
        let widget = config.sign_in_widget;
        let site = site(names, config.clock, config.evidence, model, keys, widget);
        let server = Server::new(site.clone());
        let tasks = Tasks::new();
        tasks.spawn(serve(listener, tls, tasks.spawner(), move |connection| {
            let server = server.clone();
            service_fn(move |request| answer(server.clone(), connection, request))
        }));
        Ok(Self { site, https_addr, administrator, api_token, tasks })
    }

    /// Where it listens.
    pub fn https_addr(&self) -> SocketAddr {
        self.https_addr
    }

    /// The org's issuer, which is also its URL: `https://acme.okta.test`.
    pub fn issuer(&self) -> String {
        self.site.issuer()
    }

    /// The admin console's URL: `https://acme-admin.okta.test`.
    pub fn admin_url(&self) -> String {
        self.site.names.admin_url()
    }

    /// The org as browsers know it when they make and use security keys' credentials.
    pub fn relying_party(&self) -> RelyingParty {
        self.site.relying_party()
    }

    /// The same objects that consoles and management API work on.
    pub fn model(&self) -> &Model {
        &self.site.model
    }

    /// Has an authorization server sign with its next key from now on. The one before is published until the rotation
    /// after.
    ///
    /// # Errors
    /// When the pool has no key in time.
    pub async fn rotate_keys(&self, server: &ServerName) -> Result<(), KeyPoolError> {
        self.site.rotate_keys(server, &Cause::system()).await.map(drop)
    }

    /// What the org does wrong on demand.
    pub fn misbehaviour(&self) -> &Misbehaviour {
        &self.site.misbehaviour
    }

    /// How often programs may ask.
    pub fn rate_limits(&self) -> &RateLimits {
        &self.site.rate_limits
    }

    /// The administrator that was there from the start.
    pub fn administrator(&self) -> &Administrator {
        &self.administrator
    }

    /// A token for the management API, of that administrator's.
    pub fn api_token(&self) -> &Secret {
        &self.api_token
    }

    /// Ends the org: its connections are closed and its keys given back.
    pub async fn stop(self) {
        self.tasks.stop().await;
    }
}

/// The org's first administrator and its API token.
fn found(model: &Model, host: &str) -> Result<(Administrator, Secret), ModelError> {
    let cause = Cause::system();
    let login = format!("admin@{host}");
    let password = Secret::random("password");
    let new = NewUser::new(Profile::new(&login, "Ada", "Admin"), password.clone());
    let user = model.create_user(new, &cause)?;
    model.set_administrator(&user.id, true, &cause)?;
    let token = model.create_api_token("set-up", &user.id, &cause)?;
    Ok((Administrator { id: user.id.clone(), login, password }, token.secret().clone()))
}

pub(crate) fn site(
    names: Names,
    clock: Clock,
    sink: Sink<Event>,
    model: Model,
    keys: KeyRing,
    widget: Option<SignInWidget>,
) -> Site {
    Site::new(Parts {
        names,
        misbehaviour: Misbehaviour::new(model.clone(), clock.clone(), sink.clone()),
        clock,
        sink,
        model,
        keys,
        grants: Grants::new(),
        pushed_requests: PushedRequests::new(),
        used_assertions: UsedAssertions::new(),
        device_requests: DeviceRequests::new(),
        consents_awaited: ConsentsAwaited::new(),
        sign_ins: SignIns::new(),
        transactions: Transactions::new(),
        csrf: CsrfKey::new(),
        rate_limits: RateLimits::default(),
        widget,
    })
}

async fn answer(
    server: Server,
    connection: Connection,
    request: Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    Ok(server.answer(connection, request.map(Body::new)).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use bytes::Bytes;
    use ground::Outbound;
    use ground::outbound::Route;
    use http::StatusCode;
    use serde_json::Value;
    use std::net::Ipv4Addr;
    use std::sync::{Arc, Mutex};

    async fn start(authority: &Authority, evidence: Sink<Event>) -> Org {
        let config = Config {
            name: "acme".into(),
            host: "acme.localhost".into(),
            admin_host: "acme-admin.localhost".into(),
            public_port: None,
            authority: authority.clone(),
            clock: Clock::new(),
            evidence,
            keys: testing::keys(),
            sign_in_widget: None,
        };
        Org::start(config).await.unwrap()
    }

    fn client(authority: &Authority, alpn: &[&[u8]]) -> Outbound {
        Outbound::new(Route::Loopback, Ipv4Addr::LOCALHOST, authority.client_config(alpn).unwrap())
    }

    async fn get(client: &Outbound, url: &str) -> (StatusCode, Value) {
        let request = Request::get(url).body(Bytes::new()).unwrap();
        let answer = client.send(request).await.unwrap();
        (answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    #[tokio::test]
    async fn an_org_serves_both_hosts_over_tls_until_it_stops() {
        let authority = Authority::new().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&seen);
        let sink =
            Sink::new(Clock::new(), Default::default(), move |stamped: ground::evidence::Stamped<Event>| {
                if let Event::Answered(exchange) = stamped.event {
                    listener.lock().unwrap().push((exchange.url, exchange.version));
                }
            });
        let org = start(&authority, sink).await;
        assert_eq!(org.issuer(), format!("https://acme.localhost:{}", org.https_addr().port()));
        let discovery = format!("{}/.well-known/openid-configuration", org.issuer());
        for alpn in [b"h2".as_slice(), b"http/1.1"] {
            let client = client(&authority, &[alpn]);
            let (status, metadata) = get(&client, &discovery).await;
            assert_eq!((status, metadata["issuer"].as_str()), (StatusCode::OK, Some(org.issuer().as_str())));
        }
        let versions = [http::Version::HTTP_2, http::Version::HTTP_11];
        assert_eq!(*seen.lock().unwrap(), versions.map(|version| (discovery.clone(), version)));
        let client = client(&authority, &[b"h2"]);
        let (status, _) = get(&client, &format!("{}/admin/dashboard", org.admin_url())).await;
        assert_eq!(status, StatusCode::FOUND);
        let stranger = org.issuer().replace("acme", "evil");
        assert!(client.send(Request::get(stranger).body(Bytes::new()).unwrap()).await.is_err());
        org.stop().await;
        assert!(client.send(Request::get(discovery).body(Bytes::new()).unwrap()).await.is_err());
    }

    #[tokio::test]
    async fn the_first_administrator_and_its_token_work() {
        let authority = Authority::new().unwrap();
        let org = start(&authority, Sink::forgetful()).await;
        let administrator = org.administrator();
        assert_eq!(administrator.login, "admin@acme.localhost");
        let user = org
            .model()
            .verify_password(&administrator.login, &administrator.password, &Cause::system())
            .unwrap();
        assert_eq!(user.id, administrator.id);
        let me = Request::get(format!("{}/api/v1/users/me", org.issuer()))
            .header("authorization", format!("SSWS {}", org.api_token().expose()))
            .body(Bytes::new())
            .unwrap();
        let answer = client(&authority, &[b"h2"]).send(me).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(!format!("{org:?}").contains(org.api_token().expose()));
    }

    #[tokio::test]
    async fn live_orgs_share_no_keys() {
        let authority = Authority::new().unwrap();
        let (one, other) =
            tokio::join!(start(&authority, Sink::forgetful()), start(&authority, Sink::forgetful()));
        let kids = |org: &Org| {
            let keys = org.site.keys.org().jwks()["keys"].as_array().unwrap().clone();
            keys.into_iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let of_other = kids(&other);
        assert!(kids(&one).iter().all(|kid| !of_other.contains(kid)));
    }
}
