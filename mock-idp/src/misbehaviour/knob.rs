//! A fault, for whom, and how long.

use std::num::NonZeroU32;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

use super::fault::{Fault, Point};
use super::names;
use crate::model::{AppId, UserId};
use crate::web::Visit;

/// One thing that the org does wrong, for whom, and how long. Its ends are whichever come first; without any it lasts
/// until it is healed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Knob {
    /// What.
    pub fault: Fault,
    /// For this user alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// For this application alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// So many times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<NonZeroU32>,
    /// Until this time of the stage.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "moment")]
    pub until: Option<DateTime<Utc>>,
}

impl From<Fault> for Knob {
    /// For everybody, until it is healed.
    fn from(fault: Fault) -> Self {
        Self { fault, user: None, app: None, times: None, until: None }
    }
}

impl Knob {
    /// Whether the knob can be turned, as far as it can be seen from itself.
    pub(super) fn check(&self) -> Result<(), KnobError> {
        self.fault.check()?;
        let (app_known, user_known) = match self.fault.point() {
            Point::IdToken | Point::Userinfo | Point::TokenAnswer | Point::Callback => (true, true),
            Point::Discovery => (true, false),
            Point::KeySet => (false, false),
            Point::Answer(endpoint) => (endpoint.knows_app(), endpoint.knows_user()),
        };
        match (&self.app, &self.user) {
            (Some(_), _) if !app_known => Err(KnobError::NobodyKnown("app")),
            (_, Some(_)) if !user_known => Err(KnobError::NobodyKnown("user")),
            _ => Ok(()),
        }
    }

    /// Whether it works at this point for this request.
    pub(super) fn works(&self, point: Point, occasion: &Occasion<'_>) -> bool {
        self.fault.point() == point
            && self.app.as_ref().is_none_or(|app| occasion.app == Some(app))
            && self.user.as_ref().is_none_or(|user| occasion.user == Some(user))
    }
}

fn moment<S: Serializer>(moment: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    moment.map(|moment| moment.to_rfc3339_opts(SecondsFormat::Millis, true)).serialize(serializer)
}

/// Names a knob that was turned, so that it can be healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct KnobId(pub u64);

/// Why a knob can't be turned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KnobError {
    /// It names what doesn't exist.
    #[error("there is no {what} `{name}`. {}", names::advice(name, known.iter().copied()))]
    NoSuch {
        /// What it should be.
        what: &'static str,
        /// What was named.
        name: String,
        /// All there is.
        known: &'static [&'static str],
    },
    /// It is for a user that doesn't exist.
    #[error("there is no user {0}")]
    NoSuchUser(UserId),
    /// It is for an application that doesn't exist.
    #[error("there is no app {0}")]
    NoSuchApp(AppId),
    /// It is for somebody where nobody is known.
    #[error("a request doesn't say there for which {0} it is, so this fault can only be for all")]
    NobodyKnown(&'static str),
    /// A status that is no error.
    #[error("an answer's status is to be from 400 to 599, not {0}")]
    Status(u16),
    /// A status that doesn't redirect.
    #[error("the callback's status is to be 301, 302, 303, 307 or 308, not {0}")]
    RedirectStatus(u16),
    /// A content type that can't be a header's value.
    #[error("the content type can't stand in a header")]
    ContentType,
    /// Too large or too slow.
    #[error("at most {most} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The bound.
        most: u64,
    },
    /// It would be over at once.
    #[error("its end, {}, is past: the stage's time is {}", .until.to_rfc3339(), .now.to_rfc3339())]
    Past {
        /// Its end.
        until: DateTime<Utc>,
        /// The stage's time.
        now: DateTime<Utc>,
    },
    /// Too many at once.
    #[error("{MOST_KNOBS} knobs are turned already; heal some first")]
    TooMany,
}

/// How many knobs can be turned at a time.
pub(super) const MOST_KNOBS: usize = 100;

/// In which request, and on whose behalf, as far as that is known there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion<'a> {
    pub(super) request: &'a str,
    pub(super) app: Option<&'a AppId>,
    pub(super) user: Option<&'a UserId>,
}

impl<'a> Occasion<'a> {
    pub(crate) fn of(visit: &'a Visit) -> Self {
        Self { request: &visit.request_id, app: None, user: None }
    }

    pub(crate) fn with(self, app: impl Into<Option<&'a AppId>>, user: impl Into<Option<&'a UserId>>) -> Self {
        Self { app: app.into(), user: user.into(), ..self }
    }
}
