//! The management API, through the server.

mod apps;
mod assignments;
mod authenticators;
mod authorization_servers;
mod bad_input;
mod devices;
mod factors;
mod groups;
mod lifecycle;
mod logs;
mod policies;
mod rate_limits;
mod secrets;
mod server_policies;
mod simulate;
mod threats;
mod users;
mod zones;
