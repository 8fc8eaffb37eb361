//! The management API, through the server.

mod apps;
mod assignments;
mod authorization_servers;
mod devices;
mod factors;
mod groups;
mod lifecycle;
mod logs;
mod policies;
mod rate_limits;
mod secrets;
mod threats;
mod users;
mod zones;
