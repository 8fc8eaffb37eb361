//! `/gatewright/v1/misbehaviour`: what the org does wrong on demand. Not Okta's, but behind an API token and with errors
//! in its shape.

use std::num::NonZeroU32;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ApiError;
use super::access::Caller;
use super::json::Body;
use crate::misbehaviour::{Fault, Knob, KnobId, names};
use crate::model::{AppId, User, UserId};
use crate::site::Site;

/// The control, on the org's host.
pub(super) fn router() -> Router<Site> {
    Router::new()
        .route("/gatewright/v1/misbehaviour", get(list).post(turn).delete(heal_all))
        .route("/gatewright/v1/misbehaviour/{id}", delete(heal))
        .route("/gatewright/{*rest}", any(super::no_such_path))
}

/// A knob as it is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    fault: Fault,
    /// A login or an id.
    user: Option<String>,
    /// A client id.
    app: Option<String>,
    times: Option<NonZeroU32>,
    /// A time of the stage.
    until: Option<String>,
    /// From now on, in stage time.
    seconds: Option<NonZeroU32>,
}

/// The knobs that are turned, in the order in which they were.
async fn list(State(site): State<Site>, _: Caller) -> Json<Value> {
    Json(site.misbehaviour.knobs().into_iter().map(shape).collect())
}

async fn turn(
    State(site): State<Site>,
    _: Caller,
    Body(body): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let wanted: Wanted = serde_json::from_value(Value::Object(body)).map_err(|error| unreadable(&error))?;
    let user = wanted.user.map(|user| user_of(&site, &user)).transpose()?;
    let until = match (wanted.until, wanted.seconds) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("until", "There can't be `seconds` too")),
        (Some(until), None) => Some(moment(&until)?),
        (None, seconds) => seconds.map(|it| site.now() + TimeDelta::seconds(it.get().into())),
    };
    let app = wanted.app.as_deref().map(AppId::new);
    let knob = Knob { fault: wanted.fault, user, app, times: wanted.times, until };
    let id = site.misbehaviour.turn(knob.clone());
    let id = id.map_err(|error| ApiError::invalid("knob", &error.to_string()))?;
    Ok((StatusCode::CREATED, Json(shape((id, knob)))))
}

async fn heal(State(site): State<Site>, _: Caller, Path(id): Path<String>) -> Result<Response, ApiError> {
    let known = id.parse().is_ok_and(|number| site.misbehaviour.heal(KnobId(number)));
    if known { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(ApiError::not_found("Knob", &id)) }
}

async fn heal_all(State(site): State<Site>, _: Caller) -> StatusCode {
    site.misbehaviour.heal_all();
    StatusCode::NO_CONTENT
}

fn shape((id, knob): (KnobId, Knob)) -> Value {
    json!({ "id": id, "knob": knob })
}

fn moment(text: &str) -> Result<DateTime<Utc>, ApiError> {
    let moment = DateTime::parse_from_rfc3339(text).map_err(|_| ApiError::invalid_date())?;
    Ok(moment.to_utc())
}

fn user_of(site: &Site, named: &str) -> Result<UserId, ApiError> {
    let user = site.model.user_by_login(named).or_else(|| site.model.user(&UserId::new(named)));
    let user = user.ok_or_else(|| ApiError::invalid("user", &format!("There is no user {named}")))?;
    Ok(User::clone(&user).id)
}

/// What serde says of JSON that is no knob. Of a name that doesn't exist it says all that do, in backticks.
fn unreadable(error: &serde_json::Error) -> ApiError {
    let said = error.to_string();
    if !said.starts_with("unknown ") {
        return ApiError::invalid("knob", &said);
    }
    let mut quoted = said.split('`').skip(1).step_by(2);
    let wrong = quoted.next().unwrap_or_default();
    let reason = format!("there is no `{wrong}`. {}", names::advice(wrong, quoted));
    ApiError::invalid("knob", &reason)
}
