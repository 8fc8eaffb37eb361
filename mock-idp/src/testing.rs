//! An org without a network, and browsers that speak to its server directly.

pub(crate) mod phone;
pub(crate) mod security_key;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ground::evidence::Activity;
use ground::{Clock, Connection, Secret, Sink};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::Event;
use crate::keys::KeyPool;
use crate::misbehaviour::{Fault, KnobId};
use crate::model::{App, Cause, EventType, Group, LogQuery, Model, NewApp, NewUser, Profile, User};
use crate::oidc::KeyRing;
use crate::org;
use crate::server::Server;
use crate::site::{Names, Site};
use crate::widget::SignInWidget;

pub(crate) const ORG: &str = "https://acme.okta.test";
pub(crate) const ADMIN: &str = "https://acme-admin.okta.test";
pub(crate) const CALLBACK: &str = "https://idp.tunnel.test/oauth2/callback";
pub(crate) const PASSWORD: &str = "correct horse";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An org with Alice in the group Engineering, Mallory in none, Ada who administers, and an app that nobody may use.
pub(crate) struct TestOrg {
    pub(crate) site: Site,
    pub(crate) server: Server,
    pub(crate) alice: Arc<User>,
    pub(crate) mallory: Arc<User>,
    pub(crate) admin: Arc<User>,
    pub(crate) engineering: Arc<Group>,
    pub(crate) app: Arc<App>,
    pub(crate) api_token: Secret,
    clock: Clock,
    events: Arc<Mutex<Vec<Event>>>,
}

impl TestOrg {
    pub(crate) async fn new() -> Self {
        Self::set(None).await
    }

    /// The same, with Okta's own sign-in page.
    pub(crate) async fn with_widget(widget: SignInWidget) -> Self {
        Self::set(Some(widget)).await
    }

    async fn set(widget: Option<SignInWidget>) -> Self {
        let clock = Clock::new();
        let events = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&events);
        let sink = Sink::new(clock.clone(), Activity::default(), move |stamped| {
            listener.lock().unwrap().push(stamped.event);
        });
        let model = Model::new(clock.clone(), sink.clone());
        let cause = Cause::system();
        let user = |login: &str, first: &str, last: &str| {
            let new = NewUser::new(Profile::new(login, first, last), Secret::new("password", PASSWORD));
            model.create_user(new, &cause).unwrap()
        };
        let alice = user("alice@acme.test", "Alice", "Archer");
        let mallory = user("mallory@acme.test", "Mallory", "Moss");
        let admin = user("ada@acme.test", "Ada", "Admin");
        model.set_administrator(&admin.id, true, &cause).unwrap();
        let api_token = model.create_api_token("tests", &admin.id, &cause).unwrap().secret().clone();
        let engineering = model.create_group("Engineering", "", &cause).unwrap();
        model.add_to_group(&engineering.id, &alice.id, &cause).unwrap();
        let app = model.create_app(NewApp::web("ngrok", CALLBACK), &cause).unwrap();
        let names = Names {
            name: "acme".into(),
            host: "acme.okta.test".into(),
            admin_host: "acme-admin.okta.test".into(),
            port: 443,
        };
        let keys = KeyRing::claim(&keys()).await.unwrap();
        let site = org::site(names, clock.clone(), sink, model, keys, widget);
        let server = Server::new(site.clone());
        events.lock().unwrap().clear();
        Self { site, server, alice, mallory, admin, engineering, app, api_token, clock, events }
    }

    /// One in which Alice may use the app.
    pub(crate) async fn with_alice_assigned() -> Self {
        let org = Self::new().await;
        org.model().assign_user(&org.app.id, &org.alice.id, &Cause::system()).unwrap();
        org
    }

    pub(crate) fn model(&self) -> &Model {
        &self.site.model
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn turn(&self, fault: Fault) -> KnobId {
        self.site.misbehaviour.turn(fault).unwrap()
    }

    /// Replaces the app's settings.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut crate::model::ClientSettings)) {
        let mut settings = self.app.settings.clone();
        change(&mut settings);
        self.app = self.model().update_app(&self.app.id, "ngrok", settings, &Cause::system()).unwrap();
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            org: self,
            cookies: BTreeMap::new(),
            headers: HeaderMap::new(),
            address: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// What happened since the org was made.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// The System Log since the org was made, as `event type` or `event type: reason`.
    pub(crate) fn logged(&self) -> Vec<String> {
        let entries = self.events().into_iter().filter_map(|event| match event {
            Event::Logged(entry) => Some(entry),
            _ => None,
        });
        let text = |entry: &crate::model::LogEvent| match &entry.outcome.reason {
            Some(reason) => format!("{}: {reason}", entry.event_type),
            None => entry.event_type.to_string(),
        };
        entries.map(|entry| text(&entry)).collect()
    }

    /// How many entries of this type the System Log has.
    pub(crate) fn count(&self, event: EventType) -> usize {
        let query = LogQuery { event_types: vec![event.name().to_owned()], ..LogQuery::default() };
        self.model().log_events(&query).items.len()
    }

    /// A well-formed authorization request of the app's, with these parameters set, or removed where empty.
    pub(crate) fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut params = vec![
            ("client_id", self.app.client_id()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            params.retain(|(known, _)| known != name);
            params.push((name, value));
        }
        params.retain(|(_, value)| !value.is_empty());
        let query = Serializer::new(String::new()).extend_pairs(params).finish();
        format!("{ORG}/oauth2/v1/authorize?{query}")
    }

    /// A token request of the app's by basic authentication, with these form members set, or removed where empty.
    pub(crate) async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        let secret = self.app.secret.as_ref().unwrap().expose();
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{secret}", self.app.client_id())));
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            form.retain(|(known, _)| known != name);
            form.push((name, value));
        }
        form.retain(|(_, value)| !value.is_empty());
        let mut relying_party = self.browser();
        relying_party.header(header::AUTHORIZATION, &basic);
        relying_party.post(&format!("{ORG}/oauth2/v1/token"), &form).await
    }

    pub(crate) async fn userinfo(&self, access_token: &str) -> Answer {
        let mut relying_party = self.browser();
        relying_party.header(header::AUTHORIZATION, &format!("Bearer {access_token}"));
        relying_party.get(&format!("{ORG}/oauth2/v1/userinfo")).await
    }

    /// A call of the management API.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut client = self.browser();
        client.header(header::AUTHORIZATION, &format!("SSWS {}", self.api_token.expose()));
        let body = body.map(|body| ("application/json", body.to_string()));
        client.send(method, &format!("{ORG}/api/v1{path}"), body).await
    }
}

/// A key pool that all test processes share, so that keys are made once.
pub(crate) fn keys() -> KeyPool {
    let target = std::env::current_exe().unwrap().ancestors().nth(3).map(PathBuf::from).unwrap();
    KeyPool::open(target.join("test-signing-keys")).unwrap()
}

/// Somebody's browser: keeps cookies, follows nothing by itself.
pub(crate) struct Browser<'a> {
    org: &'a TestOrg,
    /// By host and name.
    pub(crate) cookies: BTreeMap<(String, String), String>,
    headers: HeaderMap,
    address: IpAddr,
}

impl Browser<'_> {
    /// Has this address from now on.
    pub(crate) fn come_from(&mut self, address: &str) {
        self.address = address.parse().unwrap();
    }

    /// Sends this header with every request.
    pub(crate) fn header(&mut self, name: header::HeaderName, value: &str) {
        self.headers.insert(name, value.parse().unwrap());
    }

    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        self.send(Method::GET, url, None).await
    }

    /// Sends a form, as a page of the same host would.
    pub(crate) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        let encoded = Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(Method::POST, url, Some(("application/x-www-form-urlencoded", encoded))).await
    }

    pub(crate) async fn send(&mut self, method: Method, url: &str, body: Option<(&str, String)>) -> Answer {
        let url = Url::parse(url).unwrap();
        let host = url.host_str().unwrap().to_owned();
        let target = &url[url::Position::BeforePath..];
        let mut request = Request::builder().method(method.clone()).uri(target).header(header::HOST, &host);
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((at, _), _)| *at == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if method != Method::GET && !self.headers.contains_key(header::ORIGIN) {
            request = request.header(header::ORIGIN, format!("https://{host}"));
        }
        let (content_type, body) = body.unwrap_or_default();
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.headers_mut().extend(self.headers.clone());
        let peer = SocketAddr::new(self.address, 40_000);
        let connection = Connection { peer, local: (Ipv4Addr::LOCALHOST, 443).into() };
        let response = self.org.server.clone().answer(connection, request).await;
        let (head, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        let answer = Answer { status: head.status, headers: head.headers, body };
        self.keep_cookies(&host, &answer);
        answer
    }

    fn keep_cookies(&mut self, host: &str, answer: &Answer) {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let key = (host.to_owned(), name.to_owned());
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }

    /// Fills the sign-in page in and sends it.
    pub(crate) async fn submit(&mut self, page: &Answer, login: &str, password: &str) -> Answer {
        let token = page.hidden("stateToken");
        let form = [("stateToken", token.as_str()), ("username", login), ("password", password)];
        self.post(&format!("{ORG}/signin"), &form).await
    }

    /// Signs in at the org itself.
    pub(crate) async fn sign_in(&mut self, login: &str) {
        let page = self.get(&format!("{ORG}/")).await;
        let answer = self.submit(&page, login, PASSWORD).await;
        assert_eq!(answer.location(), "/app/UserHome");
    }

    /// Signs in for the app and brings the code home.
    pub(crate) async fn code(&mut self, changes: &[(&str, &str)]) -> String {
        let page = self.get(&self.org.authorize_url(changes)).await;
        let answer = self.submit(&page, "alice@acme.test", PASSWORD).await;
        answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header(header::LOCATION)
    }

    /// A parameter of the place to which the browser is sent.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let url = Url::parse(self.location()).ok()?;
        url.query_pairs().find(|(given, _)| given == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// `status error: description` of an OAuth error.
    pub(crate) fn oauth_error(&self) -> String {
        let (error, description) = match self.headers.contains_key(header::LOCATION) {
            true => (
                self.parameter("error").unwrap_or_default(),
                self.parameter("error_description").unwrap_or_default(),
            ),
            false => {
                let text = |name: &str| self.json()[name].as_str().unwrap_or_default().to_owned();
                (text("error"), text("error_description"))
            }
        };
        format!("{} {error}: {description}", self.status.as_u16())
    }

    /// `status code summary` of an API error.
    pub(crate) fn api_error(&self) -> String {
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", self.status.as_u16(), text("errorCode"), text("errorSummary"))
    }

    /// The value of a form's hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let start = format!(r#"name="{name}" value=""#);
        let (_, rest) = self.body.split_once(&start).unwrap_or_else(|| panic!("no field {name}: {self:?}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

/// A JWT's header or claims, unverified.
pub(crate) fn decoded(part: usize, token: &str) -> Map<String, Value> {
    let part = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
