//! From the public side through a tunnel to the upstream, and back: each request on an HTTP/1.1 connection that has a
//! stream of its own, or all on one over HTTP/2; bodies as they come, connections kept where that is safe.

mod body;
mod converter;
mod exchange;
mod headers;
mod opening;
mod place;
mod proxy_protocol;
pub(crate) mod raw;
mod tether;
mod upgrade;
mod upstreams;

pub(crate) use body::{Body, BodyError, empty, full};
pub(crate) use converter::convert;
pub(crate) use exchange::{Client, Failure, Passed, exchange};
pub(crate) use headers::wants_trailers;
pub(crate) use proxy_protocol::ProxyProtocol;
pub(crate) use upstreams::{MOST_STREAMS, Upstreams};
