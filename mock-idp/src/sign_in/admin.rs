//! From the org's host to the admin console's. Cookies are each host's own, so a one-time ticket carries the session
//! over: to the browser that asked for it, which the admin host knows by a cookie.

use axum::extract::{Request, State};
use axum::response::Response;
use ground::Secret;
use http::{StatusCode, header};

use super::pages::{encoded, local_path};
use super::pending::Ticket;
use crate::model::{Digest, Entry, EventType, Surface};
use crate::site::Site;
use crate::web::{Params, SESSION_COOKIE, SignedIn, Visit, error_page, redirect, set_cookie};

/// Named as the state cookie of Okta's own admin app. It comes back across the org's two sites, by a top-level GET.
const STATE_COOKIE: &str = "okta-oauth-state";

/// On the admin host: asks the org's host for a session.
pub(super) fn begin(site: &Site, visit: &Visit, wanted: &str) -> Response {
    // Several tabs may be on their way at once.
    let known = visit.cookie(STATE_COOKIE).filter(|state| state.len() == 43 && state.is_ascii());
    let state = known.map_or_else(|| Secret::random("state"), |state| Secret::new("state", state));
    let org = site.names.org_url();
    let location = format!("{org}/login/admin?state={}&fromURI={}", encoded(state.expose()), encoded(wanted));
    let mut response = redirect(&location);
    response.headers_mut().append(header::SET_COOKIE, set_cookie(STATE_COOKIE, &state, "Lax"));
    response
}

/// `/login/admin?state=…&fromURI=…` on the org's host: hands an administrator's session over.
pub(super) async fn hand_over(
    State(site): State<Site>,
    visit: Visit,
    signed_in: SignedIn,
    request: Request,
) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let cause = visit.cause_in(&signed_in.session);
    let entry = Entry::of(EventType::AccessAdminApp).to(signed_in.user.party());
    if !site.model.is_administrator(&signed_in.user.id) {
        site.model.log(entry.failed("User is not an administrator"), &cause);
        let text = "You do not have permission to perform the requested action. The Admin Console is for \
                    administrators; ask one of them if you should be one.";
        return error_page(&site, StatusCode::FORBIDDEN, "Access forbidden", text);
    }
    let wanted = local_path(&site.names.admin_url(), query.text("fromURI"));
    let ticket = Ticket {
        session: signed_in.session.id.clone(),
        browser: Digest::of(query.text("state")),
        wanted: wanted.unwrap_or_else(|| "/".to_owned()),
    };
    let ticket = site.sign_ins.issue_ticket(ticket, site.now());
    site.model.log(entry, &cause);
    redirect(&format!("{}/login/ticket?ticket={}", site.names.admin_url(), ticket.expose()))
}

/// `/login/ticket?ticket=…` on the admin host: takes the session over, if this browser had asked.
pub(super) async fn take_over(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let browser = visit.cookie(STATE_COOKIE).map(Digest::of);
    let ticket = site.sign_ins.take_ticket(query.text("ticket"), site.now());
    let ticket = ticket.filter(|ticket| Some(ticket.browser) == browser);
    let cookie = ticket.as_ref().and_then(|ticket| site.model.open_surface(&ticket.session, Surface::Admin));
    let (Some(ticket), Some(cookie)) = (ticket, cookie) else {
        let text = "This way into the Admin Console was used already, has expired, or was begun in another browser. \
                    Open the Admin Console again.";
        return error_page(&site, StatusCode::BAD_REQUEST, "Sign in again", text);
    };
    let mut response = redirect(&ticket.wanted);
    response.headers_mut().append(header::SET_COOKIE, set_cookie(SESSION_COOKIE, &cookie, "None"));
    response
}
