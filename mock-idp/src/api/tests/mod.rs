//! The management API, through the server.

mod apps;
mod logs;
mod users;
mod zones;
