use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use http::{Method, Uri};
use url::form_urlencoded;

use crate::cookies::{Presented, presented};
use crate::sessions::Lookup;
use crate::{Endpoint, Identity, Refusal, ReturnTo, Settings, Stay};

/// Begins a login; also where a third party may begin one (OpenID Connect Core, section 4).
pub const LOGIN_PATH: &str = "/ngrok/login";
/// Ends the session.
pub const LOGOUT_PATH: &str = "/ngrok/logout";
/// Ends a login: `?ticket=…`.
pub const CALLBACK_PATH: &str = "/ngrok/callback";

const MAX_LOGIN_HINT_BYTES: usize = 320;

/// What to do with a request of a guarded endpoint; `S` is what is made of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision<S> {
    /// It may go on to the upstream.
    Pass(Visitor<S>),
    /// The person is sent to the issuer.
    BeginLogin(LoginRequest),
    /// The person comes back with a hand-over's ticket.
    FinishLogin {
        /// The one-time ticket.
        ticket: String,
    },
    /// The session ends.
    SignOut,
    /// It goes no further.
    Refuse(Refusal),
}

/// Who passes; `S` is what is made of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visitor<S = Stay> {
    /// Someone with a session.
    Person(S),
    /// A CORS preflight, which carries no cookies: only where the settings let it pass.
    Preflight,
}

impl Visitor {
    /// Who it is, where that is known.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Person(stay) => Some(stay.identity()),
            Self::Preflight => None,
        }
    }
}

/// How a login shall begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoginRequest {
    /// Where the person goes afterwards.
    pub(crate) return_to: ReturnTo,
    /// Whom the issuer may expect.
    pub(crate) login_hint: Option<String>,
    /// Whether the issuer shall ask for credentials even if it knows the person.
    pub(crate) reauthenticate: bool,
}

/// Decides about a request by its head and what `lookup` knows of its session cookie.
///
/// Only the exact reserved paths are the gate's own, byte for byte; every other spelling (`/ngrok%2Flogin`,
/// `//ngrok/login`, `/ngrok/login/`) is a path like any other and needs a session, so however an upstream reads it,
/// nothing gets past.
pub(crate) fn decide<S>(
    request: &Parts,
    endpoint: &Endpoint,
    settings: &Settings,
    lookup: impl FnOnce(&str) -> Lookup<S>,
) -> Decision<S> {
    match request.uri.path() {
        LOGIN_PATH => own_path(request).unwrap_or_else(|| login(&request.uri, endpoint, settings)),
        LOGOUT_PATH => own_path(request).unwrap_or(Decision::SignOut),
        CALLBACK_PATH => own_path(request).unwrap_or_else(|| callback(&request.uri)),
        _ => elsewhere(request, settings, lookup),
    }
}

/// The gate's own paths are for navigations only.
fn own_path<S>(request: &Parts) -> Option<Decision<S>> {
    if request.method != Method::GET {
        Some(Decision::Refuse(Refusal::MethodNotAllowed))
    } else if !is_navigation(request) {
        Some(Decision::Refuse(Refusal::SignInRequired))
    } else {
        None
    }
}

fn elsewhere<S>(request: &Parts, settings: &Settings, lookup: impl FnOnce(&str) -> Lookup<S>) -> Decision<S> {
    let refusal = match presented(&request.headers, settings.session_cookie()) {
        Presented::One(id) => match lookup(&id) {
            Lookup::Live(session) => return Decision::Pass(Visitor::Person(session)),
            Lookup::Ended => Refusal::SessionExpired,
            Lookup::Unknown => Refusal::SignInRequired,
        },
        // A login would not help: the second cookie would still be there, and the browser would go in circles.
        Presented::Several if is_navigation(request) => return Decision::Refuse(Refusal::AmbiguousCookies),
        Presented::Nothing | Presented::Several => Refusal::SignInRequired,
    };
    if settings.options_passthrough() && is_preflight(request) {
        return Decision::Pass(Visitor::Preflight);
    }
    if is_navigation(request) {
        return Decision::BeginLogin(LoginRequest {
            return_to: ReturnTo::of_request(&request.uri),
            login_hint: None,
            reauthenticate: false,
        });
    }
    Decision::Refuse(refusal)
}

fn login<S>(uri: &Uri, endpoint: &Endpoint, settings: &Settings) -> Decision<S> {
    let parameters = Parameters::of(uri);
    let (Ok(issuer), Ok(target), Ok(hint)) =
        (parameters.one("iss"), parameters.one("target_link_uri"), parameters.one("login_hint"))
    else {
        return Decision::Refuse(Refusal::CallbackMalformed("a parameter is repeated"));
    };
    if issuer.is_some_and(|issuer| issuer != settings.issuer().as_str()) {
        return Decision::Refuse(Refusal::IssuerMismatch);
    }
    let return_to = target.map_or_else(ReturnTo::root, |target| ReturnTo::of_target_link(target, endpoint));
    let login_hint = hint
        .filter(|hint| {
            !hint.is_empty() && hint.len() <= MAX_LOGIN_HINT_BYTES && !hint.contains(char::is_control)
        })
        .map(str::to_owned);
    // Whoever comes from the issuer has just shown it who they are; whoever asks for a login here wants to be asked.
    Decision::BeginLogin(LoginRequest { return_to, login_hint, reauthenticate: issuer.is_none() })
}

fn callback<S>(uri: &Uri) -> Decision<S> {
    match Parameters::of(uri).one("ticket") {
        Ok(Some(ticket)) => Decision::FinishLogin { ticket: ticket.to_owned() },
        Ok(None) => Decision::Refuse(Refusal::TicketUnknown),
        Err(Repeated) => Decision::Refuse(Refusal::CallbackMalformed("a parameter is repeated")),
    }
}

/// A query's parameters, decoded.
pub(crate) struct Parameters(Vec<(String, String)>);

/// A parameter that must stand once stands there again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repeated;

impl Parameters {
    pub(crate) fn of(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values =
            self.0.iter().filter(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Repeated),
        }
    }
}

/// Whether a person's browser is opening a page: only then does a redirect to the issuer make sense. Everything else
/// (scripts' requests, WebSocket handshakes, frames, prefetches, uploads) is told that it must sign in.
pub(crate) fn is_navigation(request: &Parts) -> bool {
    let headers = &request.headers;
    request.method == Method::GET
        && !headers.contains_key(header::UPGRADE)
        && !headers.contains_key(header::SEC_WEBSOCKET_KEY)
        && accepts_html(headers)
        && is_absent_or(headers, &SEC_FETCH_MODE, "navigate")
        && is_absent_or(headers, &SEC_FETCH_DEST, "document")
        && !headers.contains_key(&X_REQUESTED_WITH)
        && !headers.contains_key(&SEC_PURPOSE)
}

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

fn accepts_html(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    ranges.flat_map(|value| value.split(',')).any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/html")
    })
}

fn is_absent_or(headers: &HeaderMap, name: &HeaderName, expected: &str) -> bool {
    headers.get_all(name).iter().all(|value| value.as_bytes() == expected.as_bytes())
}

fn is_preflight(request: &Parts) -> bool {
    request.method == Method::OPTIONS
        && request.headers.contains_key(header::ORIGIN)
        && request.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

#[cfg(test)]
mod tests {
    use ground::Secret;
    use http::Request;

    use super::*;
    use crate::Draft;

    const CHROMIUM: &[(&str, &str)] = &[
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-site", "none"),
    ];

    fn draft() -> Draft {
        Draft {
            issuer: "https://acme.okta.test".to_owned(),
            client_id: "client".to_owned(),
            client_secret: Secret::new("client secret", "hunter2"),
            ..Draft::default()
        }
    }

    fn decide_with(
        draft: Draft,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        known: Lookup<()>,
    ) -> Decision<()> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let endpoint = Endpoint::new("https://app.tunnel.test").unwrap();
        decide(&head, &endpoint, &draft.check().unwrap(), |_| known)
    }

    fn stranger(method: &str, path: &str, headers: &[(&str, &str)]) -> Decision<()> {
        decide_with(draft(), method, path, headers, Lookup::Unknown)
    }

    fn begins(place: &str) -> Decision<()> {
        let return_to = ReturnTo::of_request(&place.parse().unwrap());
        Decision::BeginLogin(LoginRequest { return_to, login_hint: None, reauthenticate: false })
    }

    #[test]
    fn a_navigation_without_a_session_begins_a_login() {
        assert_eq!(stranger("GET", "/reports?year=2026", CHROMIUM), begins("/reports?year=2026"));
        assert_eq!(stranger("GET", "/", &[("accept", "text/html")]), begins("/"));
    }

    #[test]
    fn what_is_no_navigation_is_told_to_sign_in() {
        let with = |extra: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
            let replaced = |name: &str| extra.iter().any(|(other, _)| *other == name);
            CHROMIUM
                .iter()
                .copied()
                .filter(|(name, _)| !replaced(name))
                .chain(extra.iter().copied())
                .collect()
        };
        let cases: &[(&str, Vec<(&str, &str)>)] = &[
            ("GET", vec![]),
            ("GET", vec![("accept", "*/*")]),
            ("GET", vec![("accept", "application/json, text/plain")]),
            ("GET", with(&[("sec-fetch-mode", "cors")])),
            ("GET", with(&[("sec-fetch-dest", "iframe")])),
            ("GET", with(&[("x-requested-with", "XMLHttpRequest")])),
            ("GET", with(&[("sec-purpose", "prefetch")])),
            ("GET", with(&[("upgrade", "websocket")])),
            ("GET", with(&[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")])),
            ("POST", with(&[])),
            ("PUT", with(&[])),
            ("DELETE", with(&[])),
            ("HEAD", with(&[])),
            ("OPTIONS", with(&[])),
        ];
        for (method, headers) in cases {
            let decision = stranger(method, "/reports", headers);
            assert_eq!(decision, Decision::Refuse(Refusal::SignInRequired), "{method} {headers:?}");
        }
    }

    #[test]
    fn no_user_agent_path_suffix_or_credential_opens_the_gate() {
        for (path, header) in [
            ("/healthz", ("user-agent", "GoogleHC/1.0")),
            ("/", ("user-agent", "kube-probe/1.29")),
            ("/", ("authorization", "Bearer anything")),
            ("/favicon.ico", ("x-forwarded-uri", "/ngrok/login")),
            ("/x?y=/ngrok/login", ("x-original-url", "/ngrok/login")),
            ("/app.css", ("ngrok-auth-user-id", "admin")),
        ] {
            assert_eq!(stranger("GET", path, &[header]), Decision::Refuse(Refusal::SignInRequired), "{path}");
        }
    }

    #[test]
    fn a_session_passes_whatever_the_method() {
        let cookie = ("cookie", "__Host-gate-session=abc");
        for method in ["GET", "POST", "OPTIONS", "CONNECT"] {
            let uri = if method == "CONNECT" { "app.tunnel.test:443" } else { "/x" };
            let decision = decide_with(draft(), method, uri, &[cookie], Lookup::Live(()));
            assert!(matches!(decision, Decision::Pass(Visitor::Person(()))), "{method}");
        }
    }

    #[test]
    fn an_ended_session_is_named_as_such_and_begins_anew() {
        let cookie = ("cookie", "__Host-gate-session=abc");
        let xhr = decide_with(draft(), "POST", "/x", &[cookie], Lookup::Ended);
        assert_eq!(xhr, Decision::Refuse(Refusal::SessionExpired));
        let page: Vec<_> = CHROMIUM.iter().copied().chain([cookie]).collect();
        assert_eq!(decide_with(draft(), "GET", "/x", &page, Lookup::Ended), begins("/x"));
    }

    #[test]
    fn two_session_cookies_are_none_and_do_not_loop() {
        let cookies = ("cookie", "__Host-gate-session=abc; __Host-gate-session=def");
        let page: Vec<_> = CHROMIUM.iter().copied().chain([cookies]).collect();
        let decision = decide_with(draft(), "GET", "/x", &page, Lookup::Live(()));
        assert_eq!(decision, Decision::Refuse(Refusal::AmbiguousCookies));
        let decision = decide_with(draft(), "POST", "/x", &[cookies], Lookup::Live(()));
        assert_eq!(decision, Decision::Refuse(Refusal::SignInRequired));
    }

    #[test]
    fn only_the_exact_reserved_paths_are_reserved() {
        for path in [
            "/ngrok/login/",
            "/ngrok/Login",
            "/ngrok%2Flogin",
            "/%6egrok/login",
            "//ngrok/login",
            "/ngrok//login",
            "/./ngrok/login",
            "/x/../ngrok/callback",
            "/ngrok/login;x=1",
            "/ngrok/login%00",
            "/ngrok/callback%3Fticket=x",
            "/ngrok/logout%20",
        ] {
            assert_eq!(stranger("GET", path, CHROMIUM), begins(path), "{path}");
            assert_eq!(stranger("GET", path, &[]), Decision::Refuse(Refusal::SignInRequired), "{path}");
            let cookie = ("cookie", "__Host-gate-session=abc");
            assert!(
                matches!(decide_with(draft(), "GET", path, &[cookie], Lookup::Live(())), Decision::Pass(_)),
                "{path}"
            );
        }
    }

    #[test]
    fn reserved_paths_never_pass_even_with_a_session() {
        let cookie = ("cookie", "__Host-gate-session=abc");
        let page: Vec<_> = CHROMIUM.iter().copied().chain([cookie]).collect();
        for path in [LOGIN_PATH, LOGOUT_PATH, CALLBACK_PATH] {
            for (method, headers) in [("GET", &page[..]), ("POST", &page[..]), ("OPTIONS", &[cookie][..])] {
                let decision = decide_with(draft(), method, path, headers, Lookup::Live(()));
                assert!(!matches!(decision, Decision::Pass(_)), "{method} {path}");
            }
            let posted = decide_with(draft(), "POST", path, &page, Lookup::Live(()));
            assert_eq!(posted, Decision::Refuse(Refusal::MethodNotAllowed));
            let fetched =
                decide_with(draft(), "GET", path, &[cookie, ("sec-fetch-mode", "cors")], Lookup::Live(()));
            assert_eq!(fetched, Decision::Refuse(Refusal::SignInRequired));
        }
    }

    #[test]
    fn a_login_that_is_asked_for_here_asks_for_credentials() {
        let Decision::BeginLogin(login) = stranger("GET", LOGIN_PATH, CHROMIUM) else { panic!("no login") };
        assert_eq!((login.return_to, login.reauthenticate), (ReturnTo::root(), true));
    }

    #[test]
    fn a_third_party_begins_a_login_for_its_own_issuer_alone() {
        let query = "iss=https%3A%2F%2Facme.okta.test&login_hint=alice%40acme.test\
                     &target_link_uri=https%3A%2F%2Fapp.tunnel.test%2Freports";
        let decision = stranger("GET", &format!("{LOGIN_PATH}?{query}"), CHROMIUM);
        let return_to = ReturnTo::of_request(&"/reports".parse().unwrap());
        let login_hint = Some("alice@acme.test".to_owned());
        assert_eq!(
            decision,
            Decision::BeginLogin(LoginRequest { return_to, login_hint, reauthenticate: false })
        );
        for iss in ["https://evil.test", "https://acme.okta.test/", ""] {
            let decision = stranger("GET", &format!("{LOGIN_PATH}?iss={iss}"), CHROMIUM);
            assert_eq!(decision, Decision::Refuse(Refusal::IssuerMismatch), "{iss}");
        }
        let twice = stranger("GET", &format!("{LOGIN_PATH}?iss=a&iss=b"), CHROMIUM);
        assert_eq!(twice, Decision::Refuse(Refusal::CallbackMalformed("a parameter is repeated")));
        let Decision::BeginLogin(login) =
            stranger("GET", &format!("{LOGIN_PATH}?target_link_uri=https://evil.test/"), CHROMIUM)
        else {
            panic!("no login")
        };
        assert_eq!(login.return_to, ReturnTo::root());
    }

    #[test]
    fn a_ticket_stands_once() {
        let decision = stranger("GET", &format!("{CALLBACK_PATH}?ticket=t"), CHROMIUM);
        assert_eq!(decision, Decision::FinishLogin { ticket: "t".to_owned() });
        let decision = stranger("GET", &format!("{CALLBACK_PATH}?ticket=t&ticket=u"), CHROMIUM);
        assert_eq!(decision, Decision::Refuse(Refusal::CallbackMalformed("a parameter is repeated")));
        assert_eq!(stranger("GET", CALLBACK_PATH, CHROMIUM), Decision::Refuse(Refusal::TicketUnknown));
    }

    #[test]
    fn a_preflight_passes_only_where_the_settings_say_so() {
        let preflight = [("origin", "https://other.test"), ("access-control-request-method", "PUT")];
        let refused = Decision::Refuse(Refusal::SignInRequired);
        assert_eq!(stranger("OPTIONS", "/api", &preflight), refused);
        let open = || Draft { options_passthrough: true, ..draft() };
        let decision = decide_with(open(), "OPTIONS", "/api", &preflight, Lookup::Unknown);
        assert_eq!(decision, Decision::Pass(Visitor::Preflight));
        assert_eq!(decide_with(open(), "OPTIONS", "/api", &[], Lookup::Unknown), refused);
        assert_eq!(decide_with(open(), "GET", "/api", &preflight, Lookup::Unknown), refused);
    }
}
