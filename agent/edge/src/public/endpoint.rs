//! A request for an endpoint: through the gate, through a tunnel, and back.

use gate::upstream;
use gate::{Admission, Endpoint, Visitor};
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::page::Notice;
use super::{Caller, Front};
use crate::event::{Forwarded, Passage};
use crate::model::{Destination, Host, Lookup, Model, Scheme};
use crate::proxy::{Body, Client, empty, exchange, full, wants_trailers};

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What became of a request, for the evidence.
#[derive(Default)]
pub(super) struct Course {
    pub(super) destination: Option<Destination>,
    pub(super) passage: Passage,
    pub(super) forwarded: Option<Forwarded>,
    pub(super) notice: Option<Notice>,
}

impl Front {
    /// Answers a request for a host that is not the edge's own.
    pub(super) async fn endpoint(
        &self,
        caller: &Caller,
        host: &str,
        request: Request<Incoming>,
        course: &mut Course,
    ) -> Response<Body> {
        let headers = request.headers().clone();
        match self.reach(caller, host, request, course).await {
            Ok(response) => response,
            Err(notice) => {
                let response = notice.answer(&headers);
                course.notice = Some(notice);
                response
            }
        }
    }

    async fn reach(
        &self,
        caller: &Caller,
        host: &str,
        request: Request<Incoming>,
        course: &mut Course,
    ) -> Result<Response<Body>, Notice> {
        let Ok(host) = Host::parse(host) else { return Err(Notice::offline(host)) };
        let destination = match self.model.destination(caller.scheme, &host, request.uri().path()) {
            Lookup::Found(destination) => course.destination.insert(destination),
            Lookup::Unknown => return Err(Notice::offline(host.as_str())),
            Lookup::NoRoute => return Err(Notice::no_route()),
            Lookup::Ambiguous => return Err(Notice::ambiguous_path()),
        };
        let (mut head, body) = request.into_parts();
        let admitted = match &destination.gate {
            None => None,
            Some(gate) => match gate.admit(&head).await {
                Admission::Pass(visitor) => Some((gate, visitor)),
                Admission::Answer(response) => {
                    course.passage = Passage::Stopped;
                    return Ok(response.map(full));
                }
            },
        };
        let visitor = admitted.as_ref().map(|(_, visitor)| visitor);
        course.passage = passage(visitor);
        let endpoint = endpoint_of(&self.model, &host).map_err(|_| Notice::offline(host.as_str()))?;
        prepare(&mut head, visitor, caller, &endpoint);
        let client = Client { connection: caller.connection, tasks: &self.tasks, sink: &self.sink };
        let request = Request::from_parts(head, outgoing(body));
        let passed = match admitted {
            None | Some((_, Visitor::Preflight)) => {
                exchange(request, &destination.tunnels, client, None).await
            }
            Some((gate, Visitor::Person(stay))) => {
                let ended = stay.ended();
                tokio::select! {
                    biased;
                    _ = ended => return Ok(gate.session_expired().map(full)),
                    passed = exchange(request, &destination.tunnels, client, Some(stay)) => passed,
                }
            }
        };
        let passed = passed.map_err(|failure| Notice::failure(&failure, host.as_str()))?;
        course.forwarded = Some(Forwarded {
            tunnel: passed.tunnel.id.clone(),
            session: passed.tunnel.session.id.clone(),
            agent: passed.tunnel.session.connection,
            stream: passed.stream,
        });
        let mut response = passed.response;
        upstream::response(response.headers_mut());
        Ok(response)
    }
}

fn endpoint_of(model: &Model, host: &Host) -> Result<Endpoint, gate::EndpointError> {
    Endpoint::new(&model.url(Scheme::Https, host))
}

fn passage(visitor: Option<&Visitor>) -> Passage {
    match visitor {
        None => Passage::Unguarded,
        Some(Visitor::Preflight) => Passage::Preflight,
        Some(Visitor::Person(stay)) => {
            Passage::Person { identity: stay.identity().clone(), session: stay.session().clone() }
        }
    }
}

/// Makes the head of a request fit for an upstream that speaks HTTP/1.1.
fn prepare(head: &mut Parts, visitor: Option<&Visitor>, caller: &Caller, endpoint: &Endpoint) {
    let trailers = wants_trailers(&head.headers);
    let announced: Vec<HeaderValue> = head.headers.get_all(TRAILER).iter().cloned().collect();
    let host = named_host(head, endpoint);
    let forwarded = upstream::Forwarded { client: caller.connection.peer.ip(), endpoint };
    upstream::request(&mut head.headers, visitor.and_then(Visitor::identity), forwarded);
    if caller.scheme == Scheme::Http {
        head.headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(caller.scheme.as_str()));
    }
    if trailers {
        head.headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    for value in announced {
        head.headers.append(TRAILER, value);
    }
    join_cookies(&mut head.headers);
    head.headers.insert(HOST, host);
    let path = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    head.uri = Uri::from(path);
    head.version = Version::HTTP_11;
}

/// The host as the client wrote it, which is where the upstream thinks that it lives.
fn named_host(head: &Parts, endpoint: &Endpoint) -> HeaderValue {
    let of_target =
        || head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let named = head.headers.get(HOST).cloned().or_else(of_target);
    named.or_else(|| HeaderValue::from_str(endpoint.authority()).ok()).unwrap_or(HeaderValue::from_static(""))
}

/// HTTP/2 may split cookies over several headers; HTTP/1.1 has one (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// Takes out of trailers what only a head may say (RFC 9110, 6.5.1).
fn strip_framing(trailers: &mut HeaderMap) {
    for name in
        [AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE]
    {
        trailers.remove(name);
    }
}

/// A request's body as it goes to the upstream, its trailers without the names that are the edge's or a head's.
fn outgoing(body: Incoming) -> Body {
    if body.is_end_stream() {
        return empty();
    }
    let body = body.map_frame(|frame| match frame.into_trailers() {
        Ok(mut trailers) => {
            upstream::strip_reserved(&mut trailers);
            strip_framing(&mut trailers);
            hyper::body::Frame::trailers(trailers)
        }
        Err(frame) => frame,
    });
    body.map_err(Into::into).boxed_unsync()
}
