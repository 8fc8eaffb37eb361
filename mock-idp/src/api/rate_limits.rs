//! `/gatewright/v1/rate-limits`: how many requests a minute are answered. A real org has no such thing.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::ApiError;
use super::access::Caller;
use super::json::Body;
use crate::rate_limit::{RateLimitError, RateLimitSettings};
use crate::site::Site;

pub(super) fn router() -> Router<Site> {
    Router::new().route("/gatewright/v1/rate-limits", get(show).put(replace))
}

async fn show(State(site): State<Site>, _: Caller) -> Json<RateLimitSettings> {
    Json(site.rate_limits.settings())
}

/// Replaces the limits; what isn't given has its default.
async fn replace(
    State(site): State<Site>,
    _: Caller,
    Body(settings): Body<RateLimitSettings>,
) -> Result<Json<RateLimitSettings>, ApiError> {
    site.rate_limits.set(settings).map_err(|error| match error {
        RateLimitError::Zero => ApiError::invalid("default", &error.to_string()),
        RateLimitError::UnknownBucket(_) => ApiError::invalid("buckets", &error.to_string()),
    })?;
    Ok(Json(site.rate_limits.settings()))
}
