//! The sign-in page and what becomes of its form.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use ground::Secret;
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::admin;
use super::pending::{Destination, SignIn};
use crate::Event;
use crate::model::{
    Actor, AuthenticationMethod, Cause, Digest, Entry, EventType, Session, SignInRefusal, Surface, User,
    UserStatus,
};
use crate::oidc;
use crate::site::Site;
use crate::web::{
    Params, SESSION_COOKIE, Visit, error_page, expired_cookie, html, read_form, redirect, see_other,
    set_cookie,
};

/// Okta's device cookie, which tells one browser from another before anybody signs in.
const DEVICE_COOKIE: &str = "DT";

const HOME: &str = "/app/UserHome";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    org: &'a str,
    app: Option<&'a str>,
    alert: Option<&'a str>,
    state_token: &'a str,
    username: &'a str,
}

/// `/`: the dashboard, or the sign-in page before it.
pub(super) async fn home(State(site): State<Site>, visit: Visit) -> Response {
    match visit.session(&site) {
        Some(_) => redirect(HOME),
        None => ask(&site, &visit, Destination::Page(HOME.to_owned()), ""),
    }
}

/// `/login/login.htm?fromURI=…`: the sign-in page before another page of the org.
pub(super) async fn login(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let wanted = query.value("fromURI").and_then(|wanted| local_path(&site.names.org_url(), wanted));
    let wanted = wanted.unwrap_or_else(|| HOME.to_owned());
    match visit.session(&site) {
        Some(_) => redirect(&wanted),
        None => ask(&site, &visit, Destination::Page(wanted), ""),
    }
}

/// `/signin?stateToken=…`: the page again, after a refusal. (A posted form is answered by a redirect to here, so that
/// reloading doesn't post the password again.)
pub(super) async fn again(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let token = query.text("stateToken");
    match browser(&visit).and_then(|browser| site.sign_ins.find(token, browser, site.now())) {
        Some(sign_in) => page(&site, token, &sign_in),
        None => started_over(&site),
    }
}

/// The form: signs in, or sends back to the page.
pub(super) async fn submit(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let form = match read_form(request).await {
        Ok(form) => form,
        Err(status) => return error_page(&site, status, "Bad request", "The form could not be read."),
    };
    // No login is longer than this; what strangers type is remembered.
    let username: String = form.text("username").chars().take(100).collect();
    let (token, username) = (form.text("stateToken"), username.as_str());
    let sign_in = browser(&visit).filter(|_| visit.same_origin(&site));
    let Some(sign_in) = sign_in.and_then(|browser| site.sign_ins.find(token, browser, site.now())) else {
        return started_over(&site);
    };
    let password = Secret::new("password", form.text("password"));
    let cause = visit.cause(Actor::Unknown { login: username.to_owned() });
    match site.model.verify_password(username, &password, &cause) {
        Ok(user) if site.sign_ins.end(token, site.now()) => accept(&site, &visit, &sign_in, &user, username),
        Ok(_) => started_over(&site),
        Err(why) => {
            note_refusal(&site, &visit, username, why);
            site.sign_ins.note_refusal(token, username, site.now());
            see_other(&format!("/signin?stateToken={}", encoded(token)))
        }
    }
}

/// `/login/signout`, a GET as at Okta.
pub(super) async fn sign_out(State(site): State<Site>, visit: Visit) -> Response {
    end_session(&site, &visit, redirect("/"))
}

/// Ends the browser's session, if it has one, with this answer.
pub(crate) fn end_session(site: &Site, visit: &Visit, mut response: Response) -> Response {
    if let Some(session) = visit.session(site) {
        end(site, visit, &session);
    }
    response.headers_mut().append(header::SET_COOKIE, expired_cookie(SESSION_COOKIE, "None"));
    response
}

/// Sends a person without a session to sign in, and afterwards to `wanted` on the host that was asked.
pub(crate) fn begin(site: &Site, visit: &Visit, wanted: &str) -> Response {
    match visit.surface {
        Surface::Org => redirect(&format!("/login/login.htm?fromURI={}", encoded(wanted))),
        Surface::Admin => admin::begin(site, visit, wanted),
    }
}

/// Answers with the sign-in page.
pub(crate) fn ask(site: &Site, visit: &Visit, destination: Destination, username: &str) -> Response {
    let known = visit.cookie(DEVICE_COOKIE).filter(|device| device.len() == 43);
    let device = known.map_or_else(|| Secret::random("device cookie"), |it| Secret::new("device cookie", it));
    let sign_in = SignIn {
        browser: Digest::of(device.expose()),
        destination,
        username: username.to_owned(),
        refused: false,
    };
    let token = site.sign_ins.begin(sign_in.clone(), site.now());
    let mut response = page(site, token.expose(), &sign_in);
    if known.is_none() {
        let cookie = set_cookie(DEVICE_COOKIE, &device, "None");
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A path and query of the origin `here`, if that is what a browser would make of `wanted`.
pub(super) fn local_path(here: &str, wanted: &str) -> Option<String> {
    let here = Url::parse(here).ok()?;
    let there = here.join(wanted).ok()?;
    let path = &there[url::Position::BeforePath..url::Position::AfterQuery];
    // `/.//evil.test` becomes the path `//evil.test`, which on its own names a host.
    let local = wanted.starts_with('/') && here.origin() == there.origin() && !path.starts_with("//");
    local.then(|| path.to_owned())
}

fn page(site: &Site, token: &str, sign_in: &SignIn) -> Response {
    let page = SignInPage {
        org: &site.names.name,
        app: match &sign_in.destination {
            Destination::Authorize(request) => Some(&request.label),
            Destination::Page(_) => None,
        },
        alert: sign_in.refused.then_some("Unable to sign in"),
        state_token: token,
        username: &sign_in.username,
    };
    html(StatusCode::OK, &page)
}

fn started_over(site: &Site) -> Response {
    let text = "This sign-in has expired, was finished already, or was begun in another browser. Go back to the page \
                that you wanted and sign in again.";
    error_page(site, StatusCode::BAD_REQUEST, "Sign in again", text)
}

fn browser(visit: &Visit) -> Option<Digest> {
    visit.cookie(DEVICE_COOKIE).map(Digest::of)
}

fn accept(site: &Site, visit: &Visit, sign_in: &SignIn, user: &User, login: &str) -> Response {
    let methods = vec![AuthenticationMethod::Password];
    let cause = visit.cause(Actor::User(user.id.clone()));
    site.model.log(Entry::of(EventType::Verify).to(user.party()), &cause);
    let (session, cookie) = match visit.session(site) {
        Some(session) if session.user == user.id => renew(site, &session, methods, &cause),
        Some(session) => {
            end(site, visit, &session);
            site.model.start_session(&user.id, methods, &cause)
        }
        None => site.model.start_session(&user.id, methods, &cause),
    };
    site.sink.emit(Event::SignedIn {
        request: visit.request_id.clone(),
        user: user.id.clone(),
        login: login.to_owned(),
        session: session.id.clone(),
    });
    let mut response = match &sign_in.destination {
        Destination::Page(path) => see_other(path),
        Destination::Authorize(request) => oidc::finish(site, visit, request, &session, &Method::POST),
    };
    response.headers_mut().append(header::SET_COOKIE, set_cookie(SESSION_COOKIE, &cookie, "None"));
    response
}

/// The same person has proved again who it is: the session goes on, under a new cookie.
fn renew(
    site: &Site,
    session: &Session,
    methods: Vec<AuthenticationMethod>,
    cause: &Cause,
) -> (Session, Secret) {
    let user = session.user.clone();
    site.model
        .renew_session(&session.id, methods.clone())
        .unwrap_or_else(|| site.model.start_session(&user, methods, cause))
}

fn end(site: &Site, visit: &Visit, session: &Session) {
    site.model.end_session(&session.id, &visit.cause_in(session));
    site.sink.emit(Event::SignedOut {
        request: visit.request_id.clone(),
        user: session.user.clone(),
        session: session.id.clone(),
    });
}

/// The log says why; the person doesn't learn whether the name or the password was wrong.
fn note_refusal(site: &Site, visit: &Visit, login: &str, why: SignInRefusal) {
    let (actor, reason) = match &why {
        SignInRefusal::UnknownUser => (Actor::Unknown { login: login.to_owned() }, "VERIFICATION_ERROR"),
        SignInRefusal::WrongPassword(user) => (Actor::User(user.clone()), "INVALID_CREDENTIALS"),
        SignInRefusal::NotActive(user, UserStatus::Suspended) => {
            (Actor::User(user.clone()), "USER_SUSPENDED")
        }
        SignInRefusal::NotActive(user, UserStatus::LockedOut) => (Actor::User(user.clone()), "LOCKED_OUT"),
        SignInRefusal::PasswordExpired(user) => (Actor::User(user.clone()), "PASSWORD_EXPIRED"),
        SignInRefusal::NotActive(user, _) => (Actor::User(user.clone()), "USER_NOT_ACTIVE"),
    };
    site.model.log(Entry::of(EventType::SessionStart).failed(reason), &visit.cause(actor));
    site.sink.emit(Event::SignInRefused { request: visit.request_id.clone(), login: login.to_owned(), why });
}

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: &str = "https://acme.okta.test";

    #[test]
    fn only_paths_of_the_org_are_gone_to() {
        assert_eq!(local_path(HERE, "/app/UserHome?x=1#f").as_deref(), Some("/app/UserHome?x=1"));
        let elsewhere = [
            "https://evil.test/",
            "//evil.test/",
            "/\\evil.test/",
            "\\\\evil.test",
            "/\t/evil.test",
            "app",
            "",
            "javascript:alert(1)",
            "/\n//evil.test",
        ];
        for wanted in elsewhere {
            let path = local_path(HERE, wanted);
            assert!(
                path.as_deref().is_none_or(|path| path.starts_with('/') && !path.starts_with("//")),
                "{wanted:?}"
            );
        }
        assert_eq!(local_path(HERE, "//evil.test/"), None);
        assert_eq!(local_path(HERE, "/.//evil.test/"), None);
        assert_eq!(local_path(HERE, "/x/..//evil.test/"), None);
        assert_eq!(local_path(HERE, "/\\evil.test/"), None);
        assert_eq!(local_path(HERE, "/\t/evil.test/"), None);
    }

    proptest! {
        #[test]
        fn a_local_path_stays_at_the_org(wanted in "[/\\\\a-z.:@?#%\t\n ]{0,40}") {
            if let Some(path) = local_path(HERE, &wanted) {
                let gone_to = Url::parse(HERE).unwrap().join(&path);
                prop_assert!(gone_to.is_ok_and(|url| url.host_str() == Some("acme.okta.test")), "{path:?}");
            }
        }
    }
}
