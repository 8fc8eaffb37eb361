//! The sign-in's pages and what becomes of their forms. Each form is answered by a redirect to the page, so that
//! reloading doesn't post a password again.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use ground::Secret;
use http::{Method, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use url::Url;

use super::alert::Alert;
use super::flow::{Choice, Stage};
use super::pending::{Destination, SignIn};
use super::steps::{self, DEVICE_COOKIE};
use super::{admin, session, views};
use crate::model::{AuthenticationMethod, Digest, FactorKind, Session, Surface};
use crate::site::Site;
use crate::web::{Params, Visit, error_page, read_form, redirect, see_other, set_cookie};

const HOME: &str = "/app/UserHome";

/// `/`: the dashboard, or the sign-in page before it.
pub(super) async fn home(State(site): State<Site>, visit: Visit) -> Response {
    match visit.session(&site) {
        Some(_) => redirect(HOME),
        None => ask(&site, &visit, Destination::Page(HOME.to_owned()), "", None),
    }
}

/// `/login/login.htm?fromURI=…`: the sign-in page before another page of the org.
pub(super) async fn login(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let wanted = query.value("fromURI").and_then(|wanted| local_path(&site.names.org_url(), wanted));
    let wanted = wanted.unwrap_or_else(|| HOME.to_owned());
    match visit.session(&site) {
        Some(_) => redirect(&wanted),
        None => ask(&site, &visit, Destination::Page(wanted), "", None),
    }
}

/// `/signin?stateToken=…`: the page again, where the sign-in has come to.
pub(super) async fn again(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let token = query.text("stateToken");
    match steps::shown(&site, &visit, token) {
        Some(sign_in) => views::page(&site, &visit, token, &sign_in),
        None => started_over(&site),
    }
}

/// `/signin`: name and password, or the name alone of somebody who has other means.
pub(super) async fn submit(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    step(&site, &visit, request, |sign_in, form| {
        let password = Secret::new("password", form.text("password"));
        let password = (!form.has("otherwise")).then_some(&password);
        sign_in.identify(&site, &visit, form.text("username"), password);
    })
    .await
}

/// `/signin/choose`: by what to prove who one is, or what to enrol.
pub(super) async fn choose(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    step(&site, &visit, request, |sign_in, form| {
        let factor = |name| FactorKind::ALL.into_iter().find(|kind| kind.factor_type() == name);
        let choice = match (form.value("prove"), form.value("enroll")) {
            (Some("password"), None) => Some(Choice::Prove(AuthenticationMethod::Password)),
            (Some(name), None) => factor(name).map(AuthenticationMethod::Factor).map(Choice::Prove),
            (None, Some(name)) => factor(name).map(Choice::Enroll),
            _ => None,
        };
        if let Some(choice) = choice {
            sign_in.choose(&site, &visit, choice);
        }
    })
    .await
}

/// `/signin/verify`: what the chosen means gives.
pub(super) async fn verify(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    step(&site, &visit, request, |sign_in, form| {
        if let Some(password) = form.value("password") {
            sign_in.give_password(&site, &visit, &Secret::new("password", password));
        } else if let Some(code) = form.value("code") {
            sign_in.give_code(&site, &visit, code.trim());
        } else if let Some(credential) = form.value("credential") {
            sign_in.give_credential(&site, &visit, &serde_json::from_str(credential).unwrap_or_default());
        } else if let Some(answer) = form.value("signed_nonce") {
            sign_in.give_signed_nonce(&site, &visit, serde_json::from_str(answer).ok().as_ref());
        } else {
            sign_in.look_at_device(&site);
        }
    })
    .await
}

/// `/signin/poll`: whether it is still the device's turn. Nothing changes by that.
pub(super) async fn poll(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let form = read_form(request).await.unwrap_or_default();
    let sign_in = steps::under_way(&site, &visit, form.text("stateToken"));
    let waiting = sign_in.and_then(|sign_in| sign_in.task).is_some_and(|task| task.awaits_device(&site));
    Json(json!({ "waiting": waiting })).into_response()
}

/// `/signin/resend`: the push notification again.
pub(super) async fn resend(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    step(&site, &visit, request, |sign_in, _| sign_in.resend(&site, &visit)).await
}

/// `/signin/new-password`: instead of one that has expired.
pub(super) async fn new_password(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    step(&site, &visit, request, |sign_in, form| {
        let [old, new] = ["old", "new"].map(|name| Secret::new("password", form.text(name)));
        match form.text("new") == form.text("again") {
            true => sign_in.give_new_password(&site, &visit, Some(&old), &new),
            false => sign_in.alert = Some(Alert::NewPassword("New passwords must match".to_owned())),
        }
    })
    .await
}

/// `/signin/back`: to the choice, or with `to=start` to the first page.
pub(super) async fn back(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    step(&site, &visit, request, |sign_in, form| sign_in.go_back(form.value("to") == Some("start"))).await
}

/// `/login/signout`, a GET as at Okta.
pub(super) async fn sign_out(State(site): State<Site>, visit: Visit) -> Response {
    session::end_session(&site, &visit, redirect("/"))
}

/// Takes one form, and lets the person in or shows where the sign-in has come to.
async fn step(
    site: &Site,
    visit: &Visit,
    request: Request,
    take: impl FnOnce(&mut SignIn, &Params),
) -> Response {
    let form = match read_form(request).await {
        Ok(form) => form,
        Err(status) => return error_page(site, status, "Bad request", "The form could not be read."),
    };
    let token = form.text("stateToken");
    let Some(mut sign_in) = steps::under_way(site, visit, token) else { return started_over(site) };
    take(&mut sign_in, &form);
    sign_in.log_evaluation(site, visit);
    if let Some(response) = steps::finish(site, visit, token, &sign_in, &Method::POST) {
        return response;
    }
    match site.sign_ins.keep(token, sign_in, site.now()) {
        true => see_other(&format!("/signin?stateToken={}", encoded(token))),
        false => started_over(site),
    }
}

/// Sends a person without a session to sign in, and afterwards to `wanted` on the host that was asked.
pub(crate) fn begin(site: &Site, visit: &Visit, wanted: &str) -> Response {
    match visit.surface {
        Surface::Org => redirect(&format!("/login/login.htm?fromURI={}", encoded(wanted))),
        Surface::Admin => admin::begin(site, visit, wanted),
    }
}

/// Answers with the sign-in page; with a session, of the person who has it, whose proofs count.
pub(crate) fn ask(
    site: &Site,
    visit: &Visit,
    destination: Destination,
    username: &str,
    session: Option<&Session>,
) -> Response {
    let device = Device::of(visit);
    let sign_in = start(site, &device, destination, username, session);
    let token = site.sign_ins.begin(sign_in.clone(), site.engine(), site.now());
    device.kept_by(views::page(site, visit, token.expose(), &sign_in))
}

/// Sends a person who has a session to set up a security method of this kind, and afterwards to where they are kept.
pub(crate) fn set_up(site: &Site, visit: &Visit, kind: FactorKind, session: &Session) -> Response {
    let device = Device::of(visit);
    let destination = Destination::SecurityMethods { set_up: Some(kind) };
    let mut sign_in = start(site, &device, destination, "", Some(session));
    sign_in.choose(site, visit, Choice::Enroll(kind));
    to_page(site, &device, sign_in)
}

/// Whether what this session has proved, and when, is enough to change the person's security methods; else where the
/// person proves more.
pub(crate) fn enough_for_security_methods(
    site: &Site,
    visit: &Visit,
    session: &Session,
) -> Result<(), Box<Response>> {
    let device = Device::of(visit);
    let destination = Destination::SecurityMethods { set_up: None };
    let sign_in = start(site, &device, destination, "", Some(session));
    if let Stage::Finished(..) = sign_in.stage(site, visit) {
        return Ok(());
    }
    Err(Box::new(to_page(site, &device, sign_in)))
}

/// Begins a sign-in, and sends the browser to its page.
fn to_page(site: &Site, device: &Device, sign_in: SignIn) -> Response {
    let token = site.sign_ins.begin(sign_in, site.engine(), site.now());
    device.kept_by(see_other(&format!("/signin?stateToken={}", encoded(token.expose()))))
}

/// A browser, by its device cookie.
struct Device {
    cookie: Secret,
    /// Whether the browser has it already.
    known: bool,
}

impl Device {
    fn of(visit: &Visit) -> Self {
        let known = visit.cookie(DEVICE_COOKIE).filter(|cookie| cookie.len() == 43);
        let cookie =
            known.map_or_else(|| Secret::random("device cookie"), |it| Secret::new("device cookie", it));
        Self { cookie, known: known.is_some() }
    }

    fn kept_by(&self, mut response: Response) -> Response {
        if !self.known {
            let cookie = set_cookie(DEVICE_COOKIE, &self.cookie, "None");
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

fn start(
    site: &Site,
    device: &Device,
    destination: Destination,
    username: &str,
    session: Option<&Session>,
) -> SignIn {
    let mut sign_in = SignIn::new(destination, Some(Digest::of(device.cookie.expose())), site.now());
    sign_in.username = username.to_owned();
    if let Some((session, user)) =
        session.and_then(|session| Some((session, site.model.user(&session.user)?)))
    {
        sign_in.adopt(session, &user);
    }
    sign_in
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

pub(crate) fn started_over(site: &Site) -> Response {
    let text = "This sign-in has expired, was finished already, or was begun in another browser. Go back to the page \
                that you wanted and sign in again.";
    error_page(site, StatusCode::BAD_REQUEST, "Sign in again", text)
}

pub(crate) fn encoded(text: &str) -> String {
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
