//! What clients send of names, passwords and transactions. Members that nobody knows are ignored, as at Okta.

use axum::Json;
use axum::extract::State;
use ground::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{self, refusal, standing};
use super::transaction::{Client, Purpose, Transaction};
use crate::api::{ApiError, Body, token_of};
use crate::model::{Actor, Digest, User, UserStatus};
use crate::sign_in::{Alert, SignIn, Stage, Task, browser};
use crate::site::Site;
use crate::web::Visit;

/// Okta's limits, in characters.
const MAX_RELAY_STATE: usize = 2048;
const MAX_DEVICE_TOKEN: usize = 32;

pub(super) type Answer = Result<Json<Value>, ApiError>;

/// The transaction that a request is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    #[serde(default)]
    state_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credentials {
    state_token: Option<String>,
    username: Option<String>,
    password: Option<String>,
    relay_state: Option<String>,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    context: Context,
}

/// `multiOptionalFactorEnroll` is not among them: people enrol what the policies ask for, and are offered no more.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    warn_before_password_expired: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Context {
    device_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPassword {
    #[serde(flatten)]
    about: About,
    old_password: String,
    new_password: String,
    revoke_sessions: Option<bool>,
}

/// `/api/v1/authn`: name and password; or a state token alone, of which is told where it stands.
pub(super) async fn authenticate(
    State(site): State<Site>,
    visit: Visit,
    Body(sent): Body<Credentials>,
) -> Answer {
    match (&sent.state_token, &sent.username, &sent.password) {
        (Some(token), None, None) => {
            standing(&site, &visit, &Transaction::find(&site, &visit, token)?).map(Json)
        }
        (Some(token), Some(username), Some(password)) => {
            step(&site, &visit, token, |it| match it.sign_in.stage(&site, &visit) {
                Stage::Identify | Stage::Task(Task::Password) => {
                    identify(&site, &visit, &mut it.sign_in, username, password);
                    Ok(())
                }
                _ => Err(ApiError::illegal_state()),
            })
        }
        (None, Some(username), Some(password)) => begin(&site, &visit, username, password, &sent),
        _ => Err(ApiError::credentials_required()),
    }
}

/// `/api/v1/authn/introspect`: where the transaction stands.
pub(super) async fn introspect(State(site): State<Site>, visit: Visit, Body(about): Body<About>) -> Answer {
    standing(&site, &visit, &Transaction::find(&site, &visit, &about.state_token)?).map(Json)
}

/// `/api/v1/authn/credentials/change_password`: of one that has expired, or soon does.
pub(super) async fn change_password(
    State(site): State<Site>,
    visit: Visit,
    Body(sent): Body<NewPassword>,
) -> Answer {
    step(&site, &visit, &sent.about.state_token, |it| {
        let [old, new] =
            [&sent.old_password, &sent.new_password].map(|text| Secret::new("password", text.as_str()));
        let (user, due) = match it.sign_in.stage(&site, &visit) {
            Stage::Task(task @ Task::NewPassword { .. }) => (it.sign_in.user.clone(), task),
            Stage::Finished(user, _) if it.warns() => {
                (Some(user.id.clone()), Task::NewPassword { user: user.id.clone(), old: old.clone() })
            }
            _ => return Err(ApiError::illegal_state()),
        };
        it.sign_in.task = Some(due);
        it.sign_in.give_new_password(&site, &visit, Some(&old), &new);
        if it.sign_in.alert.is_some() {
            // Where it was due it still is.
            it.sign_in.task = None;
        } else if let Some(user) = user.filter(|_| sent.revoke_sessions == Some(true)) {
            let _ = site.model.clear_sessions(&user, &visit.cause(Actor::User(user.clone())));
        }
        Ok(())
    })
}

/// `/api/v1/authn/skip`: the warning of a password that expires soon.
pub(super) async fn skip(State(site): State<Site>, visit: Visit, Body(about): Body<About>) -> Answer {
    step(&site, &visit, &about.state_token, |it| {
        let warned = matches!(it.sign_in.stage(&site, &visit), Stage::Finished(..)) && it.warns();
        match &mut it.purpose {
            Purpose::SessionToken(client) if warned => {
                client.warns = false;
                Ok(())
            }
            _ => Err(ApiError::illegal_state()),
        }
    })
}

/// `/api/v1/authn/previous`: to the choice.
pub(super) async fn previous(State(site): State<Site>, visit: Visit, Body(about): Body<About>) -> Answer {
    step(&site, &visit, &about.state_token, |it| match it.sign_in.stage(&site, &visit) {
        Stage::Task(task) if !matches!(task, Task::Password | Task::NewPassword { .. }) => {
            it.sign_in.go_back(false);
            Ok(())
        }
        _ => Err(ApiError::illegal_state()),
    })
}

/// `/api/v1/authn/cancel`: the state token is good no more.
pub(super) async fn cancel(State(site): State<Site>, visit: Visit, Body(about): Body<About>) -> Answer {
    let it = Transaction::find(&site, &visit, &about.state_token)?;
    let relay_state = match &it.purpose {
        Purpose::SessionToken(client) => client.relay_state.clone(),
        Purpose::StepUp => None,
    };
    it.cancel(&site)?;
    Ok(Json(relay_state.map_or_else(|| json!({}), |relay_state| json!({ "relayState": relay_state }))))
}

/// Takes what a client sent, and says where the transaction has come to. Nothing changes where what was sent is not what
/// may come next.
pub(super) fn step(
    site: &Site,
    visit: &Visit,
    token: &str,
    take: impl FnOnce(&mut Transaction) -> Result<(), ApiError>,
) -> Answer {
    let mut it = Transaction::find(site, visit, token)?;
    it.sign_in.alert = None;
    take(&mut it)?;
    it.sign_in.log_evaluation(site, visit);
    answer(site, visit, it)
}

/// Keeps the transaction, and says where it stands or what was wrong.
fn answer(site: &Site, visit: &Visit, mut it: Transaction) -> Answer {
    // It is told once.
    let alert = it.sign_in.alert.take();
    if let Some(Alert::PushRejected | Alert::PushTimedOut) = alert {
        // Whoever asks again has another notification sent.
        let told = standing(site, visit, &it)?;
        it.sign_in.go_back(false);
        it.keep(site)?;
        return Ok(Json(told));
    }
    it.keep(site)?;
    match alert {
        Some(alert) => Err(refusal(alert)),
        None => standing(site, visit, &it).map(Json),
    }
}

fn begin(site: &Site, visit: &Visit, username: &str, password: &str, sent: &Credentials) -> Answer {
    if !visit.same_origin(site) {
        return Err(ApiError::access_denied());
    }
    if sent.relay_state.as_ref().is_some_and(|text| text.chars().count() > MAX_RELAY_STATE) {
        return Err(ApiError::invalid("relayState", "The field is too long"));
    }
    let client = Client {
        browser: browser(visit),
        relay_state: sent.relay_state.clone(),
        warns: sent.options.warn_before_password_expired == Some(true),
    };
    let mut it = Transaction::new(site, client, device(site, visit, &sent.context)?);
    identify(site, visit, &mut it.sign_in, username, password);
    match &it.sign_in.alert {
        Some(Alert::NotSignedIn) if shows_lockout(site, username) => {
            Ok(Json(answer::locked_out(sent.relay_state.as_deref())))
        }
        Some(alert) => Err(refusal(alert.clone())),
        None => {
            it.begin(site);
            it.sign_in.log_evaluation(site, visit);
            standing(site, visit, &it).map(Json)
        }
    }
}

/// Takes name and password. A password that has expired is changed after the second factor.
fn identify(site: &Site, visit: &Visit, sign_in: &mut SignIn, username: &str, password: &str) {
    sign_in.identify(site, visit, username, Some(&Secret::new("password", password)));
    sign_in.change_password_last(site, visit);
}

/// The device that a trusted client vouches for: it shows an API token. Others are not believed.
fn device(site: &Site, visit: &Visit, context: &Context) -> Result<Option<Digest>, ApiError> {
    match context.device_token.as_deref().filter(|token| !token.is_empty()) {
        Some(token) if token.chars().count() > MAX_DEVICE_TOKEN => {
            Err(ApiError::invalid("deviceToken", "The field is too long"))
        }
        Some(token) if token_of(&visit.headers, &site.model).is_some() => Ok(Some(Digest::of(token))),
        _ => Ok(None),
    }
}

/// Whether it is somebody who is locked out, and whose password policy lets people know.
fn shows_lockout(site: &Site, username: &str) -> bool {
    let locked = |user: &User| user.status == UserStatus::LockedOut;
    let user = site.model.user_by_login(username).filter(|user| locked(user));
    user.is_some_and(|user| site.model.password_settings_for(&user.id).show_lockout_failures)
}

impl Transaction {
    /// Whether the person is still to be warned of a password that expires soon.
    fn warns(&self) -> bool {
        matches!(&self.purpose, Purpose::SessionToken(Client { warns: true, .. }))
    }
}
