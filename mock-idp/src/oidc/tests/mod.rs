//! The protocol, end to end through the server.

mod authorize;
mod client_auth;
mod custom_server;
mod logout;
mod metadata;
mod refresh;
mod response;
mod token;
mod userinfo;
