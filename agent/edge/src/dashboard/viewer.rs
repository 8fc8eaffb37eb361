use axum::extract::FromRequestParts;
use ground::Secret;
use http::request::Parts;
use http::{HeaderName, Method, Uri};

use super::fault::Fault;
use super::router::Dashboard;
use super::sessions::Asks;
use crate::model::{Account, Login, Role};

/// Carries the opaque id of a session of the dashboard.
pub(super) const SESSION_COOKIE: &str = "__Host-dashboard-session";

/// What our script says when it asks for a page again.
const LIVE: HeaderName = HeaderName::from_static("gatewright-live");

/// Someone who is signed in.
pub(super) struct Viewer {
    pub(super) login: Login,
    pub(super) account: Account,
    /// What the forms of this session carry.
    pub(super) csrf: Secret,
}

impl Viewer {
    pub(super) fn may_change(&self) -> bool {
        self.login.role == Role::Administrator
    }
}

impl FromRequestParts<Dashboard> for Viewer {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, dashboard: &Dashboard) -> Result<Self, Fault> {
        let cookie = gate::cookie(&parts.headers, SESSION_COOKIE);
        let asks = if parts.headers.contains_key(LIVE) { Asks::Page } else { Asks::Somebody };
        let found = cookie.and_then(|cookie| dashboard.sessions.find(&cookie, asks, dashboard.model.now()));
        let (signed_in, csrf) = found.ok_or_else(|| Fault::SignIn(afterwards(&parts.method, &parts.uri)))?;
        Ok(Self { login: signed_in.login, account: signed_in.account, csrf })
    }
}

/// Where someone goes once signed in: to the page that was asked for. A form can't be sent again for them.
fn afterwards(method: &Method, uri: &Uri) -> gate::ReturnTo {
    if *method == Method::GET { gate::ReturnTo::of_request(uri) } else { gate::ReturnTo::root() }
}
