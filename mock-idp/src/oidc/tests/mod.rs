//! The protocol, end to end through the server.

mod authorize;
mod client_auth;
mod consent;
mod custom_server;
mod device;
mod logout;
mod metadata;
mod refresh;
mod request_object;
mod response;
mod token;
mod userinfo;
