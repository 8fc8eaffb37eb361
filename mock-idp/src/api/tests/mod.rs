//! The management API, through the server.

mod apps;
mod lifecycle;
mod logs;
mod users;
mod zones;
