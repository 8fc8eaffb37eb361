//! Where a session token, or a page's sign-in, becomes a session in the browser.

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use url::Url;

pub(crate) use super::answer::step_up_path;
use crate::model::{Session, UserStatus};
use crate::sign_in::{browser, encoded, finish, shown, start, started_over};
use crate::site::Site;
use crate::web::{Params, Visit, error_page, redirect};

/// `/login/sessionCookieRedirect?token=…&redirectUrl=…`: makes a session of a session token. Okta goes on to the org's own
/// pages and to those of trusted origins; this org trusts none.
pub(super) async fn session_cookie_redirect(
    State(site): State<Site>,
    visit: Visit,
    request: Request,
) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let Some(next) = own_url(&site.names.org_url(), query.text("redirectUrl")) else {
        let text = "The 'redirectUrl' parameter must be a URL of this org. No session was made.";
        return error_page(&site, StatusCode::BAD_REQUEST, "Bad Request", text);
    };
    match redeem(&site, &visit, query.text("token")) {
        Some((_, cookie)) => {
            let mut response = redirect(next.as_str());
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        // Whoever has no session is asked to sign in. (Which way Okta goes then is not settled without a real org.)
        None => {
            let path = &next[url::Position::BeforePath..];
            redirect(&format!("/login/login.htm?fromURI={}", encoded(path)))
        }
    }
}

/// `/login/step-up/redirect?stateToken=…`: ends a page's sign-in. Whoever has a session by now is the one who signs in.
pub(super) async fn step_up(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let token = query.text("stateToken");
    let Some(mut sign_in) = shown(&site, &visit, token) else { return started_over(&site) };
    let session = visit.session(&site).filter(|_| sign_in.user.is_none());
    if let Some(session) = session
        && let Some(user) = site.model.user(&session.user)
    {
        sign_in.adopt(&session, &user);
        sign_in.log_evaluation(&site, &visit);
        site.sign_ins.keep(token, sign_in.clone(), site.now());
    }
    finish(&site, &visit, token, &sign_in, &Method::GET)
        .unwrap_or_else(|| redirect(&format!("/signin?stateToken={}", encoded(token))))
}

/// Makes a session of a session token, which is used by that: nothing where it is good no more, or not for this browser.
/// The value is what sets the session's cookie.
pub(crate) fn redeem(site: &Site, visit: &Visit, token: &str) -> Option<(Session, HeaderValue)> {
    let granted = site.transactions.take(token, browser(visit), site.now())?;
    let user = site.model.user(granted.sign_in.user.as_ref()?)?;
    let active = user.status == UserStatus::Active;
    active.then(|| start(site, visit, &granted.sign_in, &user, granted.limits))
}

/// A URL of this origin and no other, as a browser reads it.
fn own_url(org: &str, wanted: &str) -> Option<Url> {
    let (org, wanted) = (Url::parse(org).ok()?, Url::parse(wanted).ok()?);
    let anonymous = wanted.username().is_empty() && wanted.password().is_none();
    // A `blob:` has the origin that it names.
    let alike = wanted.scheme() == org.scheme() && wanted.origin() == org.origin();
    (alike && anonymous).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORG: &str = "https://acme.okta.test";

    #[test]
    fn only_urls_of_the_org_are_gone_to() {
        for own in ["https://acme.okta.test", "https://ACME.okta.test:443/app/UserHome?x=1#y"] {
            assert!(own_url(ORG, own).is_some(), "{own}");
        }
        for other in [
            "",
            "/app/UserHome",
            "//acme.okta.test/",
            "http://acme.okta.test/",
            "https://acme.okta.test:444/",
            "https://acme.okta.test.evil.test/",
            "https://acme-admin.okta.test/",
            "https://evil.test/https://acme.okta.test/",
            "https://evil.test\\@acme.okta.test/",
            "https://acme.okta.test@evil.test/",
            "https://x@acme.okta.test/",
            "https:\\\\evil.test",
            "javascript://acme.okta.test/%0aalert(1)",
            "data:text/html,x",
            "blob:https://acme.okta.test/1",
        ] {
            assert_eq!(own_url(ORG, other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn wherever_it_goes_is_the_org(wanted in "https?:[/\\\\]{0,3}[a-z.@:/\\\\?#]{0,20}(acme.okta.test)?[/\\\\a-z.:@?#%]{0,20}") {
            if let Some(url) = own_url(ORG, &wanted) {
                prop_assert_eq!(url.host_str(), Some("acme.okta.test"));
                prop_assert!(url.as_str().starts_with("https://acme.okta.test/"));
            }
        }
    }
}
