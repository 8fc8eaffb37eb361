//! Device authorization (RFC 8628): a device without a browser shows a code, and polls for its tokens until somebody has
//! entered the code at `/activate` and signed in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use ground::{Secret, random};
use http::header;
use serde_json::{Value, json};

use super::client_auth;
use super::error::{self, OAuthError};
use super::grants::Granted;
use super::issue::Given;
use super::scope::Scopes;
use super::server::AuthServer;
use super::token;
use crate::model::{App, AppId, Digest, Expiring, GrantType, ServerName};
use crate::site::Site;
use crate::web::{Params, Visit, read_form};

/// How long a person may take to enter the code, in stage time.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// How long a device code is remembered afterwards, so that it can be told from one that never was.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// How long a device waits between two polls, in stage time.
const INTERVAL: TimeDelta = TimeDelta::seconds(5);

/// Far more than a stage has waiting at once; the oldest make room.
const CAPACITY: usize = 10_000;

/// Letters that nobody takes for one another, and that make no words (RFC 8628, 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The devices that wait for somebody, of one org.
pub(crate) struct DeviceRequests {
    waiting: Mutex<Waiting>,
}

struct Waiting {
    /// By device code.
    requests: Expiring<DeviceRequest>,
    /// Which device code goes with a user code.
    by_user_code: Expiring<Digest>,
}

struct DeviceRequest {
    asked: Asked,
    expires: DateTime<Utc>,
    polled: Option<DateTime<Utc>>,
    answer: Answer,
}

/// What a device asks for.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) server: ServerName,
    pub(super) app: AppId,
    pub(super) scopes: Scopes,
}

/// What has become of it.
enum Answer {
    Awaited,
    Granted(Box<Granted>),
    Refused(OAuthError),
}

impl DeviceRequests {
    pub(crate) fn new() -> Self {
        let (requests, by_user_code) = (Expiring::new(CAPACITY), Expiring::new(CAPACITY));
        Self { waiting: Mutex::new(Waiting { requests, by_user_code }) }
    }

    /// The device code and the user code of a new request.
    fn begin(&self, asked: Asked, now: DateTime<Utc>) -> (Secret, Secret) {
        let (device_code, user_code) = (Secret::random("device code"), user_code());
        let (key, expires) = (Digest::of(device_code.expose()), now + LIFETIME);
        let request = DeviceRequest { asked, expires, polled: None, answer: Answer::Awaited };
        let mut waiting = self.waiting();
        waiting.requests.insert(key, request, expires + REMEMBERED, now);
        waiting.by_user_code.insert(Digest::of(user_code.expose()), key, expires, now);
        (device_code, user_code)
    }

    /// Which request waits for this user code, in whatever way it was typed.
    pub(super) fn find(&self, typed: &str, now: DateTime<Utc>) -> Option<(Digest, Asked)> {
        let letters = typed.chars().filter(char::is_ascii_alphanumeric).take(32);
        let code: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
        let waiting = self.waiting();
        let key = *waiting.by_user_code.find(Digest::of(&code), now)?;
        let request = waiting.requests.find(key, now)?;
        matches!(request.answer, Answer::Awaited).then(|| (key, request.asked.clone()))
    }

    /// Lets the device have its tokens, or tells it why not; false when it no longer waits. An answer is given once.
    pub(super) fn answer(
        &self,
        key: Digest,
        answer: Result<Granted, OAuthError>,
        now: DateTime<Utc>,
    ) -> bool {
        let mut waiting = self.waiting();
        let request = waiting.requests.find_mut(key, now);
        let request =
            request.filter(|request| request.expires > now && matches!(request.answer, Answer::Awaited));
        let Some(request) = request else { return false };
        request.answer = match answer {
            Ok(granted) => Answer::Granted(Box::new(granted)),
            Err(error) => Answer::Refused(error),
        };
        true
    }

    /// What a device that polls is told. What it was granted it is told once.
    fn poll(
        &self,
        code: &str,
        app: &AppId,
        server: &ServerName,
        now: DateTime<Utc>,
    ) -> Result<Granted, OAuthError> {
        let mut waiting = self.waiting();
        let key = Digest::of(code);
        let request = waiting.requests.find_mut(key, now).ok_or_else(error::invalid_device_code)?;
        if request.asked.app != *app {
            return Err(error::mismatched_client());
        }
        if request.asked.server != *server {
            return Err(error::mismatched_authorization_server());
        }
        if request.expires <= now {
            return Err(error::expired_token());
        }
        if matches!(request.answer, Answer::Awaited) {
            let too_soon = request.polled.replace(now).is_some_and(|last| now - last < INTERVAL);
            return Err(if too_soon { error::slow_down() } else { error::authorization_pending() });
        }
        match waiting.requests.take(key, now).map(|request| request.answer) {
            Some(Answer::Granted(granted)) => Ok(*granted),
            Some(Answer::Refused(error)) => Err(error),
            _ => Err(error::invalid_device_code()),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Eight of the letters, each as likely as any other.
fn user_code() -> Secret {
    let fair = |byte: &u8| usize::from(*byte) < 256 / LETTERS.len() * LETTERS.len();
    let bytes = std::iter::repeat_with(random::bytes::<16>).flatten().filter(fair);
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    Secret::new("user code", letters.take(8).collect::<String>())
}

/// `/oauth2/v1/device/authorize`: a device begins.
pub(super) async fn authorize(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    let Ok(form) = read_form(request).await else { return error::invalid_request().into_response() };
    let asked = client_auth::authenticate(&site, &server, &visit, &form)
        .map_err(|(error, _)| error)
        .and_then(|app| read(&server, &app, &form));
    let (device_code, user_code) = match asked {
        Ok(asked) => site.device_requests.begin(asked, site.now()),
        Err(error) => return error.into_response(),
    };
    let page = format!("{}/activate", site.names.org_url());
    let answer = json!({
        "device_code": device_code.expose(),
        "user_code": user_code.expose(),
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", user_code.expose()),
        "expires_in": LIFETIME.num_seconds(),
        "interval": INTERVAL.num_seconds(),
    });
    ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response()
}

fn read(server: &AuthServer, app: &App, form: &Params) -> Result<Asked, OAuthError> {
    if form.duplicate().is_some() {
        return Err(error::duplicate_parameters());
    }
    let own = &app.settings.grant_types;
    if !own.contains(&GrantType::DeviceCode) {
        let names: Vec<&str> = own.iter().map(|grant| grant.name()).collect();
        return Err(error::unauthorized_client(&names.join(", ")));
    }
    let mut scopes = Scopes::of_person(form.text("scope"), &server.record)?;
    if !own.contains(&GrantType::RefreshToken) {
        scopes = scopes.without("offline_access");
    }
    Ok(Asked { server: server.name().clone(), app: app.id.clone(), scopes })
}

/// The token endpoint's answer to a device that polls.
pub(super) fn redeem(
    site: &Site,
    server: &AuthServer,
    visit: &Visit,
    app: &App,
    form: &Params,
) -> Result<Value, OAuthError> {
    let code = form.value("device_code").ok_or_else(|| error::missing_parameter("device_code"))?;
    let granted = site.device_requests.poll(code, &app.id, server.name(), site.now())?;
    let issued = token::issue(site, server, visit, app, &granted, Given::DeviceCode);
    issued?.ok_or_else(error::invalid_device_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked { server: ServerName::Org, app: AppId::new("0oa1"), scopes: Scopes::default() }
    }

    #[test]
    fn a_user_code_is_found_however_it_is_typed_until_it_expires() {
        let (devices, now) = (DeviceRequests::new(), Utc::now());
        let (_, code) = devices.begin(asked(), now);
        let code = code.expose();
        assert!(code.len() == 8 && code.bytes().all(|letter| LETTERS.contains(&letter)), "{code}");
        let (first, second) = code.split_at(4);
        let typed = [code.to_owned(), code.to_lowercase(), format!(" {first}-{second} ")];
        assert!(typed.iter().all(|typed| devices.find(typed, now).is_some()));
        assert!(devices.find("BBBBBBBB", now).is_none() && devices.find("", now).is_none());
        assert!(devices.find(code, now + LIFETIME).is_none());
    }

    #[test]
    fn a_device_is_told_to_wait_to_slow_down_and_that_it_is_too_late() {
        let (devices, now) = (DeviceRequests::new(), Utc::now());
        let (code, user_code) = devices.begin(asked(), now);
        let app = AppId::new("0oa1");
        let poll = |at| devices.poll(code.expose(), &app, &ServerName::Org, at).map(drop);
        assert_eq!(poll(now), Err(error::authorization_pending()));
        assert_eq!(poll(now + TimeDelta::seconds(4)), Err(error::slow_down()));
        assert_eq!(poll(now + TimeDelta::seconds(9)), Err(error::authorization_pending()));
        let other = devices.poll(code.expose(), &AppId::new("0oa2"), &ServerName::Org, now);
        assert_eq!(other.map(drop), Err(error::mismatched_client()));
        assert_eq!(poll(now + LIFETIME), Err(error::expired_token()));
        assert_eq!(poll(now + LIFETIME + REMEMBERED), Err(error::invalid_device_code()));
        let (key, _) = devices.find(user_code.expose(), now).unwrap();
        assert!(!devices.answer(key, Err(error::access_denied()), now + LIFETIME), "too late");
        assert!(devices.answer(key, Err(error::access_denied()), now));
        assert!(!devices.answer(key, Err(error::user_not_assigned()), now), "the first answer counts");
        assert!(devices.find(user_code.expose(), now).is_none());
        assert_eq!(poll(now), Err(error::access_denied()));
        assert_eq!(poll(now), Err(error::invalid_device_code()), "an answer is given once");
    }
}
