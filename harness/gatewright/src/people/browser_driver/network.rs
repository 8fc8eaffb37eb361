//! What a page's own script does on the network, and the profile's cookies.

use std::time::Duration;

use chrono::DateTime;
use ground::Secret;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::BrowserDriver;
use crate::browser::{Evaluated, LastWord};
use crate::people::{
    Cookie, Error, Fetch, Fetched, Reason, SameSite, ServerSentEvent, Stream, Streamed, Talk, Talked, Upload,
};

/// A function of one request, in JavaScript.
const SCRIPT: &str = include_str!("network.js");

#[derive(Deserialize)]
struct FetchOutcome {
    url: String,
    answer: Option<FetchAnswer>,
    failed: Option<String>,
}

#[derive(Deserialize)]
struct FetchAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    url: String,
}

#[derive(Deserialize)]
struct TalkOutcome {
    url: String,
    opened: bool,
    protocol: String,
    heard: Vec<String>,
    closed: Option<(u16, String)>,
}

#[derive(Deserialize)]
struct StreamOutcome {
    url: String,
    events: Vec<EventData>,
    complete: bool,
}

#[derive(Deserialize)]
struct EventData {
    event: String,
    data: String,
    id: String,
}

pub(super) async fn fetch(person: &BrowserDriver, what: &Fetch) -> Result<Fetched, Error> {
    let mut request = send("fetch", &what.method, &what.url);
    request["headers"] = json!(what.headers);
    request["body"] = json!(what.body);
    let attempted = format!("fetch {} {}", what.method, what.url);
    let outcome = run(person, &request, person.patience).await.map_err(|reason| reason.of(attempted))?;
    Ok(fetched(person, outcome))
}

pub(super) async fn upload(person: &BrowserDriver, upload: &Upload) -> Result<Fetched, Error> {
    let mut request = send("upload", &upload.method, &upload.url);
    request["mebibytes"] = upload.mebibytes.into();
    let attempted = format!("upload {} MiB to {}", upload.mebibytes, upload.url);
    let outcome = run(person, &request, upload.within).await.map_err(|reason| reason.of(attempted))?;
    Ok(fetched(person, outcome))
}

pub(super) async fn talk(person: &BrowserDriver, talk: &Talk) -> Result<Talked, Error> {
    let request = json!({
        "operation": "talk", "url": talk.url, "protocols": talk.protocols, "say": talk.say, "hear": talk.hear,
    });
    talked(person, &request, format!("talk to {}", talk.url)).await
}

pub(super) async fn hold_socket(person: &BrowserDriver, url: &str) -> Result<Talked, Error> {
    let request = json!({ "operation": "hold", "url": url });
    talked(person, &request, format!("open a WebSocket at {url}")).await
}

pub(super) async fn lose_socket(person: &BrowserDriver) -> Result<(u16, String), Error> {
    let request = json!({ "operation": "lose" });
    let closed: Result<Option<(u16, String)>, _> = run(person, &request, person.patience).await;
    let closed = closed.and_then(|closed| {
        closed.ok_or_else(|| Reason::Invalid("the page has held no WebSocket open".into()))
    });
    closed.map_err(|reason| reason.of("see the WebSocket close"))
}

pub(super) async fn ask_for_credential(person: &BrowserDriver, party: &str) -> Result<Option<String>, Error> {
    let request = json!({ "operation": "credential", "url": "", "party": party });
    let thrown = run(person, &request, person.patience).await;
    thrown.map_err(|reason| reason.of(format!("ask for a credential of {party}")))
}

async fn talked(person: &BrowserDriver, request: &Value, attempted: String) -> Result<Talked, Error> {
    let outcome: TalkOutcome =
        run(person, request, person.patience).await.map_err(|reason| reason.of(attempted))?;
    if outcome.opened {
        let TalkOutcome { protocol, heard, closed, .. } = outcome;
        return Ok(Talked::Opened { protocol, heard, closed });
    }
    let word = last_word(person, &outcome.url);
    let reason = word.reason.unwrap_or_else(|| "the browser gives no reason".into());
    Ok(Talked::Refused { status: word.status, reason })
}

pub(super) async fn stream(person: &BrowserDriver, stream: &Stream) -> Result<Streamed, Error> {
    let request = json!({
        "operation": "stream", "url": stream.url, "types": stream.types, "count": stream.count,
    });
    let attempted = format!("listen to {}", stream.url);
    let outcome: StreamOutcome =
        run(person, &request, person.patience).await.map_err(|reason| reason.of(attempted))?;
    let events = outcome.events.into_iter();
    let events =
        events.map(|EventData { event, data, id }| ServerSentEvent { event, data, id }).collect::<Vec<_>>();
    Ok(match outcome.complete {
        true => Streamed::Events(events),
        false => Streamed::Refused { status: last_word(person, &outcome.url).status, events },
    })
}

fn send(operation: &str, method: &Method, url: &str) -> Value {
    json!({ "operation": operation, "method": method.as_str(), "url": url, "headers": [] })
}

async fn run<T: DeserializeOwned>(
    person: &BrowserDriver,
    request: &Value,
    within: Duration,
) -> Result<T, Reason> {
    let expression = format!("({SCRIPT})({request})");
    let tab = person.front()?;
    match person.profile.evaluate(&tab, &expression, within).await {
        Ok(Evaluated::Value(value)) => serde_json::from_value(value)
            .map_err(|error| Reason::Script(format!("its answer can't be read: {error}"))),
        Ok(Evaluated::Threw(thrown)) => Err(Reason::Script(thrown)),
        Ok(Evaluated::Gone) => Err(Reason::Script("the page went away meanwhile".into())),
        Err(crate::browser::Error::TooSlow { within, .. }) => Err(Reason::TooSlow(within)),
        Err(error) => Err(error.into()),
    }
}

fn fetched(person: &BrowserDriver, outcome: FetchOutcome) -> Fetched {
    let Some(FetchAnswer { status, headers, body, url }) = outcome.answer else {
        let told = last_word(person, &outcome.url).reason;
        return Fetched::NetworkError { reason: told.or(outcome.failed).unwrap_or_default() };
    };
    let status = StatusCode::from_u16(status).ok();
    Fetched::Answer { status, headers: header_map(headers), body, url }
}

fn header_map(headers: Vec<(String, String)>) -> HeaderMap {
    let parsed = headers.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?))
    });
    parsed.collect()
}

fn last_word(person: &BrowserDriver, url: &str) -> LastWord {
    person.profile.last_word(url)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredCookie {
    name: String,
    value: String,
    domain: String,
    path: String,
    expires: f64,
    http_only: bool,
    secure: bool,
    same_site: Option<String>,
}

pub(super) async fn cookies(person: &BrowserDriver, url: &str) -> Result<Vec<Cookie>, Error> {
    stored(person, url).await.map_err(|reason| reason.of(format!("read the cookies for {url}")))
}

async fn stored(person: &BrowserDriver, url: &str) -> Result<Vec<Cookie>, Reason> {
    let answer =
        person.profile.call(&person.front()?, "Network.getCookies", json!({ "urls": [url] })).await?;
    let stored: Vec<StoredCookie> = serde_json::from_value(answer["cookies"].clone())
        .map_err(|error| Reason::Invalid(format!("the browser's answer can't be read: {error}")))?;
    Ok(stored.into_iter().map(Cookie::from).collect())
}

impl From<StoredCookie> for Cookie {
    fn from(stored: StoredCookie) -> Self {
        // Seconds, in JavaScript's only kind of number; -1 for a session cookie.
        let expires = (stored.expires >= 0.0).then(|| DateTime::from_timestamp(stored.expires as i64, 0));
        Self {
            name: stored.name,
            value: Secret::new("cookie", stored.value),
            host_only: !stored.domain.starts_with('.'),
            domain: stored.domain.trim_start_matches('.').to_owned(),
            path: stored.path,
            secure: stored.secure,
            http_only: stored.http_only,
            same_site: match stored.same_site.as_deref() {
                Some("Strict") => Some(SameSite::Strict),
                Some("Lax") => Some(SameSite::Lax),
                Some("None") => Some(SameSite::None),
                _ => None,
            },
            expires: expires.flatten(),
        }
    }
}

pub(super) async fn set_cookie(person: &BrowserDriver, url: &str, cookie: &Cookie) -> Result<(), Error> {
    let mut wish = json!({
        "url": url, "name": cookie.name, "value": cookie.value.expose(), "path": cookie.path,
        "secure": cookie.secure, "httpOnly": cookie.http_only,
    });
    if !cookie.host_only {
        wish["domain"] = cookie.domain.as_str().into();
    }
    if let Some(same_site) = cookie.same_site {
        wish["sameSite"] = format!("{same_site:?}").into();
    }
    if let Some(expires) = cookie.expires {
        wish["expires"] = expires.timestamp().into();
    }
    let planting = async {
        person.profile.call(&person.front()?, "Network.setCookie", wish).await?;
        // Whatever the browser says: it has taken the cookie if it has it.
        let taken = stored(person, url).await?;
        match taken.iter().any(|has| has.name == cookie.name && has.value == cookie.value) {
            true => Ok(()),
            false => Err(Reason::Invalid("the browser does not take such a cookie".into())),
        }
    };
    planting.await.map_err(|reason: Reason| reason.of(format!("plant the cookie {} for {url}", cookie.name)))
}

pub(super) async fn delete_cookie(person: &BrowserDriver, url: &str, name: &str) -> Result<(), Error> {
    let deleting = async {
        let wish = json!({ "name": name, "url": url });
        person.profile.call(&person.front()?, "Network.deleteCookies", wish).await?;
        Ok(())
    };
    deleting.await.map_err(|reason: Reason| reason.of(format!("delete the cookie {name} for {url}")))
}
