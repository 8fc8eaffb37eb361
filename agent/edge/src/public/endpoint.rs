//! A request for an endpoint: through the gate, through a tunnel, and back.

use std::pin::Pin;
use std::sync::Arc;

use gate::upstream;
use gate::{Admission, Endpoint, Stay, Visitor};
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION,
    TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use policy::{Results, facts};

use super::page::Notice;
use super::tls::TlsFacts;
use super::{Caller, Front, certificate};
use crate::event::{Forwarded, Passage};
use crate::model::online::Tunnel;
use crate::model::{Destination, EdgeId, EndpointId, Host, Lookup, Model, RouteId, Scheme};
use crate::proxy::{Body, Client, Failure, Passed, convert, empty, exchange, full, wants_trailers};
use crate::traffic::{Halt, Passing, Scene, Traffic, Walk};

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What became of a request, for the evidence.
#[derive(Default)]
pub(super) struct Course {
    pub(super) endpoint: Option<EndpointId>,
    pub(super) route: Option<(EdgeId, RouteId)>,
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
            Lookup::Found(destination) => destination,
            Lookup::Unknown if caller.scheme == Scheme::Http && self.model.is_secure(&host) => {
                return Ok(to_https(&self.model.url(Scheme::Https, &host), request.uri()));
            }
            Lookup::Unknown => return Err(Notice::offline(host.as_str())),
            Lookup::NoRoute => return Err(Notice::no_route()),
            Lookup::Ambiguous => return Err(Notice::ambiguous_path()),
        };
        course.endpoint = Some(destination.endpoint.clone());
        course.route.clone_from(&destination.route);
        let (head, body) = request.into_parts();
        let mut passing = Passing::new(head, outgoing(body));
        if let Some(traffic) = &destination.traffic {
            // Boxed, so that it is no burden for those without rules.
            let by_rules: Pin<Box<dyn Future<Output = _> + Send>> =
                Box::pin(self.by_rules(caller, &host, (&destination, traffic), passing, course));
            return by_rules.await;
        }
        if let Some(gate) = &destination.gate {
            match gate.admit(&passing.head).await {
                Admission::Pass(visitor) => passing.admitted = Some((gate.clone(), visitor)),
                Admission::Answer(response) => {
                    course.passage = Passage::Stopped;
                    return Ok(response.map(full));
                }
            }
        }
        self.forward(caller, &host, (&destination.tunnels, None), passing, course).await
    }

    /// As the endpoint's modules and policy want it.
    async fn by_rules(
        &self,
        caller: &Caller,
        host: &Host,
        (destination, traffic): (&Destination, &Arc<Traffic>),
        mut passing: Passing,
        course: &mut Course,
    ) -> Result<Response<Body>, Notice> {
        // Rules must not see what a client says in the edge's name.
        upstream::strip_reserved(&mut passing.head.headers);
        let mut scene = self.scene(caller, host, destination, &passing.head);
        if caller.entered.get() != Some(&destination.endpoint) {
            // An endpoint of HTTP forwards nothing here, see `Traffic::check`.
            traffic.connect(&mut scene, &destination.account).map_err(Notice::denied)?;
            let _ = caller.entered.set(destination.endpoint.clone());
        }
        let mut walk = Walk::new(scene, &self.keys, (&destination.account, host), passing);
        let walked = walk.walk(traffic, destination.gate.as_ref()).await;
        course.passage = passage(walk.passing.admitted.as_ref().map(|(_, visitor)| visitor));
        let internal = match walked {
            Ok(internal) => internal,
            Err(Halt::Answer(response)) => return Ok(response),
            Err(Halt::SignIn(response)) => {
                course.passage = Passage::Stopped;
                return Ok(response);
            }
            Err(Halt::Deny(denial)) => return Err(Notice::denied(denial)),
        };
        let Walk { mut scene, mut passing, walked, received, .. } = walk;
        let end = internal.as_ref().unwrap_or(destination);
        let breakers = std::mem::take(&mut passing.breakers);
        let asked = walked.iter().any(|traffic| traffic.looks_at_answers()).then(|| passing.head.clone());
        let tunnels = (end.tunnels.as_slice(), end.traffic.as_deref());
        let answered = self.forward(caller, host, tunnels, passing, course).await;
        for breaker in breakers {
            match &answered {
                Ok(response) => breaker.answered(response.status(), self.model.now()),
                Err(_) => breaker.failed(self.model.now()),
            }
        }
        let mut response = answered?;
        if let (Some(head), true) = (&asked, course.forwarded.is_some()) {
            for traffic in walked.iter().rev() {
                response = traffic.answer(&mut scene, (head, received), response).map_err(Notice::denied)?;
            }
        }
        Ok(response)
    }

    fn scene<'a>(
        &'a self,
        caller: &Caller,
        host: &Host,
        destination: &Destination,
        head: &Parts,
    ) -> Scene<'a> {
        Scene {
            model: &self.model,
            sink: &self.sink,
            client: caller.connection,
            connection: facts::Connection {
                client: caller.connection.peer,
                server: caller.connection.local,
                region: self.model.region().to_owned(),
                started: caller.since,
                tls: caller.tls.as_deref().map(|tls| tls_facts(tls, caller.name.as_deref(), head.version)),
            },
            endpoint_id: destination.endpoint.clone(),
            endpoint: facts::Endpoint {
                id: destination.endpoint.to_string(),
                url: self.model.url(caller.scheme, host),
                protocol: caller.scheme.as_str(),
                host: host.to_string(),
                port: self.model.port(caller.scheme),
            },
            results: Results::default(),
        }
    }

    /// Through a tunnel, and back. `end` is who takes it, and what that one asks of its traffic.
    async fn forward(
        &self,
        caller: &Caller,
        host: &Host,
        (tunnels, end): (&[Arc<Tunnel>], Option<&Traffic>),
        passing: Passing,
        course: &mut Course,
    ) -> Result<Response<Body>, Notice> {
        let Passing { mut head, body, admitted, mut edits, .. } = passing;
        let visitor = admitted.as_ref().map(|(_, visitor)| visitor);
        course.passage = passage(visitor);
        let endpoint = endpoint_of(&self.model, host).map_err(|_| Notice::offline(host.as_str()))?;
        edits.take_back(&mut head.headers);
        prepare(&mut head, visitor, caller, &endpoint);
        if let Some(name) = end.and_then(Traffic::host) {
            head.headers.insert(HOST, name.clone());
        }
        edits.apply(&mut head.headers);
        let request = Request::from_parts(head, body);
        let converts = end.is_some_and(Traffic::converts_websockets);
        let passed = match admitted {
            None | Some((_, Visitor::Preflight)) => {
                self.exchange(caller, request, tunnels, converts, None).await
            }
            Some((gate, Visitor::Person(stay))) => {
                let ended = stay.ended();
                tokio::select! {
                    biased;
                    _ = ended => return Ok(gate.session_expired().map(full)),
                    passed = self.exchange(caller, request, tunnels, converts, Some(stay)) => passed,
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

    async fn exchange(
        &self,
        caller: &Caller,
        request: Request<Body>,
        tunnels: &[Arc<Tunnel>],
        converts: bool,
        stay: Option<Stay>,
    ) -> Result<Passed, Failure> {
        let client = Client { connection: caller.connection, tasks: &self.tasks, sink: &self.sink };
        match converts {
            true => convert(request, tunnels, client, stay).await,
            false => exchange(request, tunnels, client, stay).await,
        }
    }
}

/// Sends a client of HTTP in the clear to where the endpoint is.
fn to_https(origin: &str, target: &Uri) -> Response<Body> {
    let path = target.path_and_query().map_or("/", |path| path.as_str());
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(location) = HeaderValue::from_str(&format!("{origin}{path}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// What expressions see of a connection's TLS.
fn tls_facts(tls: &TlsFacts, name: Option<&str>, version: Version) -> facts::Tls {
    facts::Tls {
        sni: name.map(str::to_owned),
        version: tls.version.to_owned(),
        cipher_suite: tls.cipher_suite.clone(),
        alpn: Some(if version == Version::HTTP_2 { "h2" } else { "http/1.1" }.to_owned()),
        client: tls.client_certificate.as_ref().and_then(certificate::read),
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
