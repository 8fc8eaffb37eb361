//! A refresh token: opaque, bound to client, person and scopes, of a family that ends at once.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ground::random;

use super::grants::Granted;
use crate::model::{RefreshTokenRotation, RefreshTokenSettings};

/// How long one is remembered, in stage time.
pub(super) const REMEMBERED: TimeDelta = TimeDelta::days(3650);

/// A refresh token that is out.
pub(super) struct RefreshToken {
    /// Its name in lists, `oar…`, which those that take its place keep.
    pub(super) id: Arc<str>,
    /// When the first of them was issued, in stage time.
    pub(super) created: DateTime<Utc>,
    /// When it was issued or used last.
    pub(super) last_used: DateTime<Utc>,
    pub(super) granted: Granted,
    /// How long it is good from one use to the next.
    idle: TimeDelta,
    idle_until: DateTime<Utc>,
    /// When another took its place, and until when it is good nevertheless.
    rotated: Option<DateTime<Utc>>,
}

/// What a use of a refresh token comes to.
pub(super) enum Use {
    /// It is good for another use.
    Stays,
    /// This one takes its place.
    Rotates(Box<RefreshToken>),
    /// It had been used, and another had taken its place.
    Again,
    /// It was not used for too long.
    Idle,
}

impl RefreshToken {
    pub(super) fn new(granted: Granted, idle: TimeDelta, now: DateTime<Utc>) -> Self {
        let id = format!("oar{}", random::alphanumeric(17)).into();
        let (created, last_used, idle_until) = (now, now, now + idle);
        Self { id, created, last_used, granted, idle, idle_until, rotated: None }
    }

    pub(super) fn use_up(&mut self, settings: RefreshTokenSettings, now: DateTime<Utc>) -> Use {
        if self.rotated.is_some_and(|good_until| good_until <= now) {
            return Use::Again;
        }
        if self.idle_until <= now {
            return Use::Idle;
        }
        match settings.rotation_type {
            RefreshTokenRotation::Static => {
                (self.idle_until, self.last_used) = (now + self.idle, now);
                Use::Stays
            }
            RefreshTokenRotation::Rotate => {
                let leeway = TimeDelta::seconds(settings.leeway.into());
                self.rotated.get_or_insert(now + leeway);
                let (id, created) = (Arc::clone(&self.id), self.created);
                Use::Rotates(Box::new(Self {
                    id,
                    created,
                    ..Self::new(self.granted.clone(), self.idle, now)
                }))
            }
        }
    }

    pub(super) fn is_current(&self, now: DateTime<Utc>) -> bool {
        self.good_until() > now
    }

    pub(super) fn good_until(&self) -> DateTime<Utc> {
        self.rotated.map_or(self.idle_until, |rotated| rotated.min(self.idle_until))
    }
}
