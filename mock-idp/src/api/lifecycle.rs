//! `/api/v1/users/{user}/lifecycle/…` and `…/credentials/change_password`.

use axum::Json;
use axum::extract::{Path, State};
use ground::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::Caller;
use super::json::Body;
use super::paging::Listing;
use super::{ApiError, users};
use crate::model::{RecoveryToken, UserStatus};
use crate::site::Site;

/// A change in a user's life. Nobody is sent mail here: whoever wants a link must ask for `sendEmail=false`.
pub(super) async fn operate(
    State(site): State<Site>,
    caller: Caller,
    Path((user, operation)): Path<(String, String)>,
    listing: Listing,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    let (id, model, cause) = (&user.id, &site.model, &caller.cause);
    let flag = |name: &str, usual: bool| listing.query.value(name).map_or(usual, |value| value == "true");
    let answer = match operation.as_str() {
        "activate" => {
            let activated = model.activate_user(id, cause)?;
            match activated.status {
                UserStatus::Provisioned if !flag("sendEmail", true) => {
                    activation(&site, &model.activation_token(id)?)
                }
                _ => json!({}),
            }
        }
        "reactivate" => {
            let issued = model.reactivate_user(id, cause)?;
            if flag("sendEmail", false) { json!({}) } else { activation(&site, &issued) }
        }
        "suspend" => done(model.suspend_user(id, cause)?),
        "unsuspend" => done(model.unsuspend_user(id, cause)?),
        "deactivate" => done(model.deactivate_user(id, cause)?),
        "unlock" => done(model.unlock_user(id, cause)?),
        "expire_password" => users::shape(&site, &*model.expire_password(id, cause)?),
        "reset_password" => {
            let issued = model.reset_password(id, cause)?;
            if flag("revokeSessions", false) {
                model.clear_sessions(id, cause)?;
            }
            if flag("sendEmail", true) { json!({}) } else { reset(&site, &issued) }
        }
        "reset_factors" => done(model.reset_factors(id, cause)?),
        _ => return Err(ApiError::no_such_path()),
    };
    Ok(Json(answer))
}

fn done<T>(_: T) -> Value {
    json!({})
}

/// Identity Engine's form of an activation link.
fn activation(site: &Site, issued: &RecoveryToken) -> Value {
    let token = issued.token.expose();
    let url = format!("{}/tokens/{token}/verify", site.names.org_url());
    json!({ "activationUrl": url, "activationToken": token })
}

fn reset(site: &Site, issued: &RecoveryToken) -> Value {
    json!({ "resetPasswordUrl": format!("{}/reset_password/{}", site.names.org_url(), issued.token.expose()) })
}

/// The old password and the new one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangePassword {
    old_password: Password,
    new_password: Password,
    #[serde(default)]
    revoke_sessions: bool,
}

#[derive(Deserialize)]
struct Password {
    value: String,
}

pub(super) async fn change_password(
    State(site): State<Site>,
    caller: Caller,
    Path(user): Path<String>,
    Body(body): Body<ChangePassword>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &user)?;
    let [old, new] =
        [body.old_password, body.new_password].map(|password| Secret::new("password", password.value));
    let changed = site.model.change_password(&user.id, &old, &new, &caller.cause)?;
    if body.revoke_sessions {
        site.model.clear_sessions(&user.id, &caller.cause)?;
    }
    Ok(Json(users::credentials(&changed)))
}
