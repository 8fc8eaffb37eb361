//! `deny`.

use http::StatusCode;

use crate::denial::Denial;
use crate::error::PolicyError;
use crate::policy::Phase;
use crate::reading::Value;

/// `deny`: refuses, with a status and without a body. A connection is closed.
#[derive(Clone, Copy, Debug)]
pub struct Deny {
    status: StatusCode,
}

impl Deny {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        // A connection has no status.
        let written = match config.phase() {
            Phase::TcpConnect => None,
            Phase::HttpRequest | Phase::HttpResponse => members.optional("status_code"),
        };
        members.finish()?;
        let status = written.map(|value| status(&value, 200..=599)).transpose()?;
        Ok(Self { status: status.unwrap_or(StatusCode::FORBIDDEN) })
    }

    /// The refusal.
    pub fn denial(&self) -> Denial {
        Denial::new(self.status, None, "")
    }
}

/// A status in a range.
pub(super) fn status(
    value: &Value<'_>,
    range: std::ops::RangeInclusive<u16>,
) -> Result<StatusCode, PolicyError> {
    let number = value.number(range)?;
    StatusCode::from_u16(number).map_err(|_| value.error(format!("{number} is no status")))
}
