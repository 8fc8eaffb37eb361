//! Authorization requests that clients push ahead of the browser (RFC 9126).

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use ground::Secret;
use http::header;
use serde_json::json;

use super::client_auth;
use super::error::{self, OAuthError};
use super::request::{AuthorizeRequest, Unacceptable};
use super::request_object;
use super::server::AuthServer;
use crate::model::{App, AppId, Digest, Expiring, ServerName};
use crate::site::Site;
use crate::web::{Params, Visit, read_form};

/// How long a pushed request may be used, in stage time.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Far more than a stage has pushed at once; the oldest make room.
const CAPACITY: usize = 10_000;

/// What begins the `request_uri` of a pushed request.
const SCHEME: &str = "urn:okta:";

/// How clients prove who they are, which is none of the request.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// The pushed requests of one org.
pub(crate) struct PushedRequests {
    waiting: Mutex<Expiring<PushedRequest>>,
}

#[derive(Clone)]
struct PushedRequest {
    server: ServerName,
    app: AppId,
    params: Params,
}

impl PushedRequests {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::new(Expiring::new(CAPACITY)) }
    }

    fn push(&self, request: PushedRequest, now: DateTime<Utc>) -> Secret {
        let uri = Secret::new("request uri", format!("{SCHEME}{}", ground::random::token()));
        self.waiting().insert(Digest::of(uri.expose()), request, now + LIFETIME, now);
        uri
    }

    /// What the browser's request stands for: itself, or what was pushed, which can be used once.
    ///
    /// # Errors
    /// When what it names was not pushed by this client for this server, is too old, or was used.
    pub(super) fn resolve(
        &self,
        params: Params,
        server: &ServerName,
        now: DateTime<Utc>,
    ) -> Result<Params, OAuthError> {
        let Some(uri) = params.value("request_uri").filter(|uri| uri.starts_with(SCHEME)) else {
            return Ok(params);
        };
        if params.has("request") {
            return Err(error::request_object_and_uri());
        }
        let mut waiting = self.waiting();
        let digest = Digest::of(uri);
        let pushed = waiting.find(digest, now).ok_or_else(error::invalid_request_uri)?;
        if params.value("client_id") != Some(pushed.app.as_str()) {
            return Err(error::request_uri_of_another_client());
        }
        if pushed.server != *server {
            return Err(error::request_uri_of_another_server());
        }
        waiting.take(digest, now).map(|pushed| pushed.params).ok_or_else(error::invalid_request_uri)
    }

    fn waiting(&self) -> MutexGuard<'_, Expiring<PushedRequest>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `/oauth2/v1/par`: the request is looked at as if the browser had brought it.
pub(super) async fn push(
    State(site): State<Site>,
    server: AuthServer,
    visit: Visit,
    request: Request,
) -> Response {
    let Ok(form) = read_form(request).await else { return error::invalid_request().into_response() };
    let pushed = client_auth::authenticate(&site, &server, &visit, &form)
        .map_err(|(error, _)| error)
        .and_then(|app| accept(&site, &server, &app, form));
    match pushed {
        Ok(uri) => {
            let answer = json!({ "request_uri": uri.expose(), "expires_in": LIFETIME.num_seconds() });
            ([(header::CACHE_CONTROL, "no-cache, no-store")], Json(answer)).into_response()
        }
        Err(error) => error.into_response(),
    }
}

fn accept(site: &Site, server: &AuthServer, app: &App, form: Params) -> Result<Secret, OAuthError> {
    if form.has("request_uri") {
        return Err(error::pushed_request_uri_present());
    }
    let params = form.without(&CREDENTIALS).with("client_id", app.client_id());
    let params = request_object::unpack(site, server, params)?;
    match AuthorizeRequest::read(&params, &site.model, &server.record) {
        Ok(_) => {
            let request = PushedRequest { server: server.name().clone(), app: app.id.clone(), params };
            Ok(site.pushed_requests.push(request, site.now()))
        }
        Err(Unacceptable::Page(error) | Unacceptable::Reply(_, error)) => Err(error),
    }
}
