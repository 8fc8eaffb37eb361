//! `/gatewright/v1/devices`: what the authenticator app on a person's device says to the org. Okta Verify has a protocol
//! of its own for this, which isn't public; this one is the project's.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::access::Caller;
use super::factor_shape::{self, Place};
use super::json::Body;
use super::paging::Listing;
use super::{ApiError, users};
use crate::device::{DeviceIdentity, PushActivation, PushAnswer, PushChallenge};
use crate::model::{Actor, PushState};
use crate::site::Site;
use crate::web::Visit;

/// How long a device may have the org wait for a notification, in seconds of real time.
const MAX_WAIT: u64 = 60;

pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/push", get(notifications).post(activate))
        .route("/push/{transaction}", post(answer))
        .route("/signed-nonce", post(enrol))
}

/// A device enrols for push notifications by a QR code's token, and is given a token of its own.
async fn activate(
    State(site): State<Site>,
    visit: Visit,
    Body(activation): Body<PushActivation>,
) -> Result<Json<Value>, ApiError> {
    let cause = visit.cause(Actor::System);
    let activated = site.model.activate_push(&activation, &cause)?;
    Ok(Json(json!({ "deviceToken": activated.device_token.expose() })))
}

/// The notifications that wait on the device whose token is the bearer's. With `wait=<seconds>` they are waited for.
async fn notifications(
    State(site): State<Site>,
    listing: Listing,
    headers: HeaderMap,
) -> Result<Json<Vec<PushChallenge>>, ApiError> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|header| header.to_str().ok());
    let token =
        bearer.and_then(|bearer| bearer.strip_prefix("Bearer ")).ok_or_else(ApiError::invalid_token)?;
    let wait = match listing.query.value("wait").map(str::parse) {
        None => 0,
        Some(Ok(seconds)) if seconds <= MAX_WAIT => seconds,
        Some(_) => return Err(ApiError::invalid("wait", "Must be a number of seconds, at most 60")),
    };
    let waiting = match timeout(Duration::from_secs(wait), site.model.push_sent(token)).await {
        Ok(waiting) => waiting,
        Err(_) => site.model.pushes_for(token),
    };
    waiting.map(Json).ok_or_else(ApiError::invalid_token)
}

/// Whose device it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    /// A login or an id.
    user: String,
    device: DeviceIdentity,
}

/// Enrols a device for the simulation of FastPass, on an administrator's word that it is the user's.
async fn enrol(
    State(site): State<Site>,
    caller: Caller,
    Body(body): Body<Owned>,
) -> Result<Json<Value>, ApiError> {
    let user = users::find(&site, &caller, &body.user)?;
    let factor = site.model.enroll_signed_nonce(&user.id, &body.device, &caller.cause)?;
    Ok(Json(factor_shape::factor(&Place::of(&site, &user, &factor))))
}

/// What the person says to a notification, signed by the device.
async fn answer(
    State(site): State<Site>,
    Path(transaction): Path<String>,
    Body(answer): Body<PushAnswer>,
) -> Result<Json<Value>, ApiError> {
    if answer.transaction != transaction {
        return Err(ApiError::invalid("transaction", "It is another than the path names"));
    }
    let state = match site.model.answer_push(&answer)?.state {
        PushState::Approved(_) => "APPROVED",
        _ => "REJECTED",
    };
    Ok(Json(json!({ "state": state })))
}
