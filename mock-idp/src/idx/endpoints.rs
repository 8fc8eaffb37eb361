//! What clients send. Members that nobody knows are ignored, as at Okta.

use axum::extract::{Request, State};
use axum::response::Response;
use ground::Secret;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer;
use super::authenticator::{self, Authenticator};
use crate::api::Body;
use crate::model::{AuthenticationMethod, FactorKind};
use crate::sign_in::{Choice, SignIn, Stage, Task, encoded, finish, shown, started_over, under_way};
use crate::site::Site;
use crate::web::{Params, Visit, redirect as redirect_to};

/// The sign-in that a request is about.
#[derive(Deserialize)]
pub(super) struct About {
    #[serde(rename = "stateHandle", alias = "stateToken", default)]
    state_handle: String,
}

#[derive(Deserialize)]
pub(super) struct Identify {
    #[serde(flatten)]
    about: About,
    identifier: String,
    #[serde(default)]
    credentials: Credentials,
}

#[derive(Deserialize)]
pub(super) struct Select {
    #[serde(flatten)]
    about: About,
    authenticator: Selected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selected {
    id: String,
    method_type: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    about: About,
    credentials: Credentials,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials {
    passcode: Option<String>,
    totp: Option<String>,
    /// What a browser made of a WebAuthn ceremony, in Okta's form.
    #[serde(flatten)]
    credential: Map<String, Value>,
}

/// `/idp/idx/introspect`: where the sign-in stands.
pub(super) async fn introspect(State(site): State<Site>, visit: Visit, Body(about): Body<About>) -> Response {
    match under_way(&site, &visit, &about.state_handle) {
        Some(sign_in) => answer::standing(&site, &visit, &about.state_handle, &sign_in, None),
        None => answer::expired(),
    }
}

/// `/idp/idx/identify`: name and password, or the name alone of somebody who has other means.
pub(super) async fn identify(State(site): State<Site>, visit: Visit, Body(sent): Body<Identify>) -> Response {
    step(&site, &visit, &sent.about, |sign_in| {
        let password = sent.credentials.passcode.filter(|password| !password.is_empty());
        let password = password.map(|password| Secret::new("password", password));
        sign_in.identify(&site, &visit, &sent.identifier, password.as_ref());
        Some(())
    })
}

/// `/idp/idx/challenge`: by what to prove who one is.
pub(super) async fn challenge(State(site): State<Site>, visit: Visit, Body(sent): Body<Select>) -> Response {
    step(&site, &visit, &sent.about, |sign_in| {
        let method = sent.authenticator.method()?;
        sign_in.choose(&site, &visit, Choice::Prove(method));
        matches!(sign_in.stage(&site, &visit), Stage::Task(_)).then_some(())
    })
}

/// `/idp/idx/credential/enroll`: what to enrol.
pub(super) async fn enroll(State(site): State<Site>, visit: Visit, Body(sent): Body<Select>) -> Response {
    step(&site, &visit, &sent.about, |sign_in| {
        let kind = sent.authenticator.enrolled()?;
        sign_in.choose(&site, &visit, Choice::Enroll(kind));
        matches!(sign_in.stage(&site, &visit), Stage::Task(_)).then_some(())
    })
}

/// `/idp/idx/challenge/answer`: what the chosen means gives.
pub(super) async fn answer(State(site): State<Site>, visit: Visit, Body(sent): Body<Answer>) -> Response {
    step(&site, &visit, &sent.about, |sign_in| {
        let Credentials { passcode, totp, credential } = sent.credentials;
        let Stage::Task(task) = sign_in.stage(&site, &visit) else { return None };
        match task {
            Task::Password => sign_in.give_password(&site, &visit, &Secret::new("password", passcode?)),
            Task::NewPassword { .. } => {
                sign_in.give_new_password(&site, &visit, None, &Secret::new("password", passcode?));
            }
            Task::Code(_) => sign_in.give_code(&site, &visit, totp.or(passcode)?.trim()),
            Task::EnrollTotp { .. } => sign_in.give_code(&site, &visit, passcode?.trim()),
            Task::WebAuthn { .. } | Task::EnrollWebAuthn { .. } => {
                sign_in.give_credential(&site, &visit, &credential.into());
            }
            Task::Push { .. } | Task::EnrollPush { .. } | Task::SignedNonce { .. } => return None,
        }
        Some(())
    })
}

/// `/idp/idx/challenge/poll`: whether the device has done its part.
pub(super) async fn poll(State(site): State<Site>, visit: Visit, Body(about): Body<About>) -> Response {
    step(&site, &visit, &about, |sign_in| {
        sign_in.look_at_device(&site);
        Some(())
    })
}

/// `/idp/idx/cancel`: begins anew, as nobody.
pub(super) async fn cancel(State(site): State<Site>, visit: Visit, Body(about): Body<About>) -> Response {
    step(&site, &visit, &about, |sign_in| {
        sign_in.go_back(true);
        Some(())
    })
}

/// `/login/token/redirect?stateToken=…`: ends the sign-in, as pages do.
pub(super) async fn redirect(State(site): State<Site>, visit: Visit, request: Request) -> Response {
    let query = Params::parse(request.uri().query().unwrap_or_default().as_bytes());
    let token = query.text("stateToken");
    let Some(sign_in) = shown(&site, &visit, token) else { return started_over(&site) };
    finish(&site, &visit, token, &sign_in, &Method::GET)
        .unwrap_or_else(|| redirect_to(&format!("/signin?stateToken={}", encoded(token))))
}

/// Takes what a client sent, and says where the sign-in has come to. Nothing changes where what was sent is no answer
/// to what was asked.
fn step(site: &Site, visit: &Visit, about: &About, take: impl FnOnce(&mut SignIn) -> Option<()>) -> Response {
    let handle = &about.state_handle;
    let Some(mut sign_in) = under_way(site, visit, handle) else { return answer::expired() };
    sign_in.alert = None;
    if take(&mut sign_in).is_none() {
        return answer::bad_request(handle, &sign_in);
    }
    sign_in.log_evaluation(site, visit);
    // It is told once.
    let alert = sign_in.alert.take();
    let response = answer::standing(site, visit, handle, &sign_in, alert.as_ref());
    match site.sign_ins.keep(handle, sign_in, site.now()) {
        true => response,
        false => answer::expired(),
    }
}

impl Selected {
    fn method(&self) -> Option<AuthenticationMethod> {
        let authenticator = Authenticator::with_id(&self.id)?;
        let factors = FactorKind::ALL.map(AuthenticationMethod::Factor);
        let mut all = [AuthenticationMethod::Password].into_iter().chain(factors);
        all.find(|method| {
            let name = authenticator::Method::of(*method).name;
            Authenticator::of(*method) == Some(authenticator)
                && self.method_type.as_deref().is_none_or(|wanted| wanted == name)
        })
    }

    fn enrolled(&self) -> Option<FactorKind> {
        let authenticator = Authenticator::with_id(&self.id)?;
        let mut all = FactorKind::ALL.into_iter();
        all.find(|kind| Authenticator::enrolling(*kind) == Some(authenticator))
    }
}
