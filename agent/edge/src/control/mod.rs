//! The control API at `https://api.<domain>`, in the shapes of ngrok's API, version 2.
//!
//! Every answer has every key, `null` where there is nothing; lists begin with the newest and are paged by `before_id`
//! and `limit`. Requests that name what this edge does not enforce are refused.

mod api_keys;
mod app_sessions;
mod app_users;
mod certificate_authorities;
mod credentials;
mod domains;
mod edges;
mod error;
mod groups;
mod ip_policies;
mod list;
mod modules;
mod online;
mod request;
mod router;
mod routes;

pub(crate) use router::router;
