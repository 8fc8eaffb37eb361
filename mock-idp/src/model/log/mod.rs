//! The System Log: what happened in the org, in Okta's event types and Okta's shape.

mod entry;
mod event;
mod event_type;
mod system_log;

pub(crate) use entry::Entry;
pub use event::{LogEvent, Outcome, OutcomeResult, Party};
pub use event_type::{EventType, Severity};
pub use system_log::LogQuery;
pub(crate) use system_log::SystemLog;
