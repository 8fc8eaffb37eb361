//! What every face of a sign-in does: finds the one that a request is about, and ends it where it has come to its end.

use axum::response::Response;
use http::Method;

use super::flow::{Refusal, Stage};
use super::pages::started_over;
use super::pending::SignIn;
use super::session;
use crate::model::Digest;
use crate::site::Site;
use crate::web::Visit;

/// Okta's device cookie, which tells one browser from another before anybody signs in.
pub(super) const DEVICE_COOKIE: &str = "DT";

/// The browser that asks, if it has asked before.
pub(crate) fn browser(visit: &Visit) -> Option<Digest> {
    visit.cookie(DEVICE_COOKIE).map(Digest::of)
}

/// The sign-in of this state token, if the browser that asks began it.
pub(crate) fn shown(site: &Site, visit: &Visit, token: &str) -> Option<SignIn> {
    site.sign_ins.find(token, browser(visit)?, site.now())
}

/// The same, for a request that takes it further: a page of ours must have sent it.
pub(crate) fn under_way(site: &Site, visit: &Visit, token: &str) -> Option<SignIn> {
    shown(site, visit, token).filter(|_| visit.same_origin(site))
}

/// Ends a sign-in that has come to its end, and sends the browser, which came by `method`, where it was on the way to.
/// Nothing while there is something left to do or to say.
pub(crate) fn finish(
    site: &Site,
    visit: &Visit,
    token: &str,
    sign_in: &SignIn,
    method: &Method,
) -> Option<Response> {
    let end = || site.sign_ins.end(token, site.now());
    match sign_in.stage(site, visit) {
        Stage::Finished(user, limits) if end() => {
            Some(session::begin(site, visit, sign_in, &user, limits, method))
        }
        Stage::Finished(..) => Some(started_over(site)),
        Stage::Refused(Refusal::Unattainable) if sign_in.was_asked_for_more() => {
            end();
            Some(session::give_up(site, visit, sign_in, method))
        }
        _ => None,
    }
}
