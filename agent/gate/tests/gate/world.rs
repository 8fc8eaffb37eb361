//! A relying party, an issuer, and people with browsers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gate::{Admission, Draft, Endpoint, Event, Gate, Refusal, RelyingParty, Settings, TokenFault, Visitor};
use ground::evidence::Activity;
use ground::{Clock, Secret, Sink};
use http::request::Parts;
use http::{Request, Response};
use url::Url;

use crate::org::{CLIENT_ID, CLIENT_SECRET, ISSUER, Org};

pub(crate) const SESSION: &str = "__Host-gate-session";
pub(crate) const LOGIN: &str = "__Host-gate-login";

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) org: Org,
    pub(crate) party: RelyingParty,
    pub(crate) app: Gate,
    events: Arc<Mutex<Vec<Event>>>,
}

pub(crate) fn draft() -> Draft {
    Draft {
        issuer: ISSUER.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Secret::new("client secret", CLIENT_SECRET),
        ..Draft::default()
    }
}

pub(crate) fn endpoint(name: &str) -> Endpoint {
    Endpoint::new(&format!("https://{name}.tunnel.test")).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// A world whose app has settings of its own.
    pub(crate) fn with(change: impl FnOnce(&mut Draft)) -> Self {
        let mut draft = draft();
        change(&mut draft);
        let clock = Clock::new();
        let org = Org::new(&clock);
        let events = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&events);
        let sink = Sink::new(clock.clone(), Activity::default(), move |stamped| {
            listener.lock().unwrap().push(stamped.event);
        });
        let party = RelyingParty::new(&endpoint("idp"), org.http(), clock.clone(), sink);
        let app = party.gate(endpoint("app"), draft.check().unwrap());
        Self { clock, org, party, app, events }
    }

    pub(crate) fn gate(&self, name: &str, settings: Settings) -> Gate {
        self.party.gate(endpoint(name), settings)
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        let refusal = |event| match event {
            Event::Refused { refusal, .. } => Some(refusal),
            _ => None,
        };
        self.events().into_iter().filter_map(refusal).collect()
    }

    /// Begins a login in the app and gives the authorization request's URL.
    pub(crate) async fn begin(&self, browser: &mut Browser, path: &str) -> String {
        let answer = browser.open(&self.app, path).await.answered();
        assert_eq!(answer.status(), 302, "{}", answer.body());
        location(&answer)
    }

    /// Hands a callback's URL to the identity host.
    pub(crate) fn identity_host(&self, url: &str) -> Response<String> {
        self.party.identity_host(&head("GET", url, &[]))
    }

    /// From the callback's URL to the answer of the endpoint.
    pub(crate) async fn come_back(&self, browser: &mut Browser, callback: &str) -> Response<String> {
        let parked = self.identity_host(callback);
        if parked.status() != 303 {
            return parked;
        }
        browser.follow(&self.app, &location(&parked)).await
    }

    /// A whole login.
    pub(crate) async fn sign_in(&self, browser: &mut Browser, path: &str) -> Response<String> {
        let authorize = self.begin(browser, path).await;
        let callback = self.org.sign_in(&authorize);
        self.come_back(browser, &callback).await
    }

    /// A whole login that must end in just this refusal: no session, no cookie, no way in.
    pub(crate) async fn is_refused(&self, expected: &Refusal) {
        let mut browser = Browser::new();
        let answer = self.sign_in(&mut browser, "/reports").await;
        self.was_refused(&browser, &answer, expected);
        let again = browser.open(&self.app, "/reports").await;
        assert!(matches!(again, Admission::Answer(_)), "{again:?}");
    }

    pub(crate) fn was_refused(&self, browser: &Browser, answer: &Response<String>, expected: &Refusal) {
        assert_eq!(self.refusals().last(), Some(expected));
        assert_eq!(answer.status(), expected.status());
        let code = format!("ERR_NGROK_{}", expected.code());
        assert_eq!(answer.headers()["ngrok-error-code"], code.as_str());
        assert!(answer.body().contains(&code));
        assert_eq!(browser.cookie(SESSION), None);
        assert!(self.party.sessions().is_empty());
    }

    /// A whole login whose ID token must be refused for just this fault.
    pub(crate) async fn token_is_refused(&self, fault: TokenFault) {
        self.is_refused(&Refusal::IdToken(fault)).await;
    }

    /// A whole login that must succeed.
    pub(crate) async fn is_accepted(&self) {
        let mut browser = Browser::new();
        let answer = self.sign_in(&mut browser, "/reports").await;
        assert_eq!(answer.status(), 303, "{:?}", self.refusals());
        assert!(matches!(browser.open(&self.app, "/reports").await, Admission::Pass(Visitor::Person(_))));
    }
}

/// Someone's browser: it keeps the cookies of one endpoint's host.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn plant(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Opens a path as a page.
    pub(crate) async fn open(&mut self, gate: &Gate, path: &str) -> Admission {
        let mut headers =
            vec![("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let admission = gate.admit(&head("GET", path, &headers)).await;
        if let Admission::Answer(answer) = &admission {
            self.keep(answer);
        }
        admission
    }

    /// Follows a redirect, which must lead to the gate's endpoint.
    pub(crate) async fn follow(&mut self, gate: &Gate, location: &str) -> Response<String> {
        let url = Url::parse(location).unwrap();
        assert_eq!(url.origin().ascii_serialization(), gate.endpoint().origin());
        let path = &location[gate.endpoint().origin().len()..];
        self.open(gate, path).await.answered()
    }

    fn keep(&mut self, answer: &Response<String>) {
        for cookie in answer.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            assert!(attributes.contains("Path=/; Secure; HttpOnly; SameSite=Lax"), "{text}");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.plant(name, value);
            }
        }
    }
}

pub(crate) trait Answered {
    fn answered(self) -> Response<String>;
}

impl Answered for Admission {
    fn answered(self) -> Response<String> {
        match self {
            Admission::Answer(answer) => answer,
            Admission::Pass(visitor) => panic!("{visitor:?} passed"),
        }
    }
}

pub(crate) fn head(method: &str, url: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

pub(crate) fn location(answer: &Response<String>) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(candidate, _)| candidate == name).map(|(_, value)| value.into_owned())
}
