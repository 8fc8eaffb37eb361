//! The face that a device with FastPass has on its own machine: what the org's sign-in page asks it on loopback. The paths
//! are those by which Okta's own page asks Okta Verify; what is said is this project's.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE,
    ORIGIN, VARY,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::devices::{Devices, Signed};
use crate::network::Program;

/// The first of the ports on which Okta Verify is looked for.
pub(super) const PORT: u16 = 8769;

/// The longest nonce that is signed.
const LONGEST: usize = 512;

/// What a page asks to be signed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Challenge {
    nonce: String,
    /// Whether the device has to make sure that it is its owner.
    #[serde(default)]
    user_verification: bool,
}

/// The app on this person's machine.
pub(super) fn program(devices: &Devices, who: &str) -> Program {
    let (devices, who) = (devices.clone(), who.to_owned());
    Arc::new(move |request| answer(&devices, &who, &request))
}

fn answer(devices: &Devices, who: &str, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let origin = request.headers().get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    // A page that the app does not speak with is told nothing that its script could read.
    if !devices.speaks_with(who, origin)? {
        return Some(said(StatusCode::FORBIDDEN, &json!({ "error": "not a page of this device's org" })));
    }
    let mut answer = match (request.method(), request.uri().path()) {
        (&Method::OPTIONS, _) => preflight(request),
        (&Method::GET, "/probe") => said(StatusCode::OK, &json!({})),
        (&Method::POST, "/challenge") => challenge(devices, who, origin, request),
        _ => said(StatusCode::NOT_FOUND, &json!({ "error": "there are /probe and /challenge" })),
    };
    let headers = answer.headers_mut();
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(VARY, HeaderValue::from_static("origin"));
    Some(answer)
}

/// The browser asks whether the page may ask (Fetch, 4.8, and Private Network Access).
fn preflight(request: &Request<Bytes>) -> Response<Bytes> {
    let mut answer = said(StatusCode::NO_CONTENT, &Value::Null);
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    if request.headers().contains_key("access-control-request-private-network") {
        headers.insert("access-control-allow-private-network", HeaderValue::from_static("true"));
    }
    answer
}

fn challenge(devices: &Devices, who: &str, origin: &str, request: &Request<Bytes>) -> Response<Bytes> {
    // Of another type a browser would send it without asking first.
    let is_json = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let asked = serde_json::from_slice::<Challenge>(request.body()).ok();
    let Some(Challenge { nonce, user_verification }) = asked.filter(|it| is_json && is_plausible(&it.nonce))
    else {
        return said(StatusCode::BAD_REQUEST, &json!({ "error": "a nonce is wanted, as JSON" }));
    };
    match devices.sign(who, &nonce, origin, user_verification) {
        Signed::Answer(answer) => said(StatusCode::OK, &json!(answer)),
        Signed::Refused => said(StatusCode::FORBIDDEN, &json!({ "error": "declined" })),
    }
}

fn is_plausible(nonce: &str) -> bool {
    (1..=LONGEST).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_graphic())
}

fn said(status: StatusCode, what: &Value) -> Response<Bytes> {
    let body = if what.is_null() { Bytes::new() } else { Bytes::from(what.to_string()) };
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

#[cfg(test)]
mod tests {
    use mock_idp::device::{Gesture, NonceAnswer};

    use super::*;
    use crate::stage::StandIn;

    const ORG: &str = "https://acme.okta.test";
    const EVIL: &str = "https://evil.tunnel.test";

    fn ask(devices: &Devices, who: &str, origin: &str, body: &str) -> Option<Response<Bytes>> {
        let request = Request::post("http://localhost:8769/challenge").header(ORIGIN, origin);
        let request = request.header(CONTENT_TYPE, "application/json");
        answer(devices, who, &request.body(Bytes::from(body.to_owned())).unwrap())
    }

    fn signed(answer: Option<Response<Bytes>>) -> NonceAnswer {
        serde_json::from_slice(answer.unwrap().body()).unwrap()
    }

    fn alices() -> Devices {
        let devices = Devices::default();
        devices.install_fastpass("alice", &ORG.parse().unwrap());
        devices
    }

    #[test]
    fn a_device_signs_for_pages_of_its_org_alone() {
        let devices = alices();
        let answer = ask(&devices, "alice", ORG, r#"{"nonce":"n-1"}"#);
        assert_eq!(answer.as_ref().unwrap().headers()[ACCESS_CONTROL_ALLOW_ORIGIN], ORG);
        let answer = signed(answer);
        assert_eq!((answer.nonce.as_str(), answer.origin.as_str()), ("n-1", ORG));
        for other in [EVIL, "", "null", "https://acme.okta.test.evil.test", "http://acme.okta.test"] {
            let refused = ask(&devices, "alice", other, r#"{"nonce":"n-1"}"#).unwrap();
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{other}");
            assert!(!refused.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{other}");
        }
        assert!(ask(&devices, "bob", ORG, r#"{"nonce":"n-1"}"#).is_none(), "nothing is on bob's machine");
    }

    #[test]
    fn a_device_verifies_its_owner_when_it_is_asked_to_and_can() {
        let devices = alices();
        let asked = r#"{"nonce":"n-1","userVerification":true}"#;
        assert_eq!(signed(ask(&devices, "alice", ORG, r#"{"nonce":"n-1"}"#)).gesture, Gesture::Presence);
        assert_eq!(signed(ask(&devices, "alice", ORG, asked)).gesture, Gesture::Verification);
        devices.know_owner("alice", false);
        assert_eq!(signed(ask(&devices, "alice", ORG, asked)).gesture, Gesture::Presence);
    }

    #[test]
    fn a_careless_app_signs_for_any_page_and_says_for_which() {
        let devices = alices();
        devices.make_careless("alice");
        assert_eq!(signed(ask(&devices, "alice", EVIL, r#"{"nonce":"n-1"}"#)).origin, EVIL);
    }

    #[test]
    fn a_relay_has_the_other_device_see_the_page_that_it_is_asked_by() {
        let devices = alices();
        let relay = StandIn::Device { person: "alice".into(), origin: EVIL.into() };
        devices.stand_in("mallory", relay);
        let refused = ask(&devices, "mallory", ORG, r#"{"nonce":"n-1"}"#).unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        devices.make_careless("alice");
        assert_eq!(signed(ask(&devices, "mallory", ORG, r#"{"nonce":"n-1"}"#)).origin, EVIL);
    }

    #[test]
    fn a_recording_is_what_was_signed_last() {
        let devices = alices();
        devices.stand_in("mallory", StandIn::Recording { person: "alice".into() });
        let refused = ask(&devices, "mallory", ORG, r#"{"nonce":"n-2"}"#).unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        let first = signed(ask(&devices, "alice", ORG, r#"{"nonce":"n-1"}"#));
        assert_eq!(signed(ask(&devices, "mallory", ORG, r#"{"nonce":"n-2"}"#)), first);
    }

    #[test]
    fn the_browser_may_ask_first_and_odd_challenges_are_refused() {
        let devices = alices();
        let ask_first = Request::options("http://localhost:8769/challenge").header(ORIGIN, ORG);
        let ask_first = ask_first.header("access-control-request-private-network", "true");
        let allowed = answer(&devices, "alice", &ask_first.body(Bytes::new()).unwrap()).unwrap();
        assert_eq!(allowed.status(), StatusCode::NO_CONTENT);
        assert_eq!(allowed.headers()["access-control-allow-private-network"], "true");
        let long = format!(r#"{{"nonce":"{}"}}"#, "n".repeat(LONGEST + 1));
        for odd in ["", "{}", r#"{"nonce":""}"#, r#"{"nonce":"a\nb"}"#, r#"{"nonce":"n","more":1}"#, &long] {
            assert_eq!(ask(&devices, "alice", ORG, odd).unwrap().status(), StatusCode::BAD_REQUEST, "{odd}");
        }
        let plain = Request::post("http://localhost:8769/challenge").header(ORIGIN, ORG);
        let plain = plain.header(CONTENT_TYPE, "text/plain").body(Bytes::from(r#"{"nonce":"n"}"#)).unwrap();
        assert_eq!(answer(&devices, "alice", &plain).unwrap().status(), StatusCode::BAD_REQUEST);
    }
}
