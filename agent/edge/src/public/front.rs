//! Every request on the public side, its answer, and the evidence of both.

use std::time::Instant;

use axum::Router;
use ground::evidence::Exchange;
use ground::{Sink, Spawner};
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tower::ServiceExt;

use super::Caller;
use super::endpoint::Course;
use super::page::Notice;
use super::target;
use super::websocket::Translated;
use crate::event::{Answered, Event};
use crate::model::{Host, Model, Scheme};
use crate::proxy::{Body, empty, full};
use crate::traffic::Keys;

/// What answers on the public side.
pub(crate) struct Front {
    pub(crate) model: Model,
    pub(crate) sink: Sink<Event>,
    pub(crate) tasks: Spawner,
    /// What tokens are verified with.
    pub(crate) keys: Keys,
    pub(crate) identity_host: Host,
    /// The edge's own sites.
    pub(crate) sites: Vec<(Host, Router)>,
}

/// A request's head, kept for the evidence.
struct Seen {
    began: Instant,
    method: Method,
    path: String,
    version: Version,
    headers: HeaderMap,
}

impl Front {
    /// Answers a request and says what became of it.
    pub(crate) async fn answer(&self, caller: &Caller, mut request: Request<Incoming>) -> Response<Body> {
        let _busy = self.sink.busy();
        let websocket = Translated::of(&mut request);
        let seen = Seen::of(&request);
        let host = target::host(caller, &request);
        let mut course = Course::default();
        let mut response = match &host {
            Ok(host) => self.serve(caller, host, request, &mut course).await,
            Err(error) => {
                let notice = Notice::target(error);
                let mut response = notice.answer(&seen.headers);
                if seen.version < Version::HTTP_2 {
                    // Whoever sends such a head may mean something else by what follows, too.
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                course.notice = Some(notice);
                response
            }
        };
        // Where the request names no host, the name that was asked for in TLS tells where it arrived.
        let host = host.ok().or_else(|| caller.name.as_deref().map(str::to_owned)).unwrap_or_default();
        if let Some(websocket) = websocket {
            websocket.answer(&mut response);
        }
        let of_head = seen.method == Method::HEAD;
        self.tell(caller, &host, seen, &response, course);
        if of_head { without_body(response) } else { response }
    }

    async fn serve(
        &self,
        caller: &Caller,
        host: &str,
        request: Request<Incoming>,
        course: &mut Course,
    ) -> Response<Body> {
        if caller.scheme == Scheme::Http {
            return self.endpoint(caller, host, request, course).await;
        }
        if host == self.identity_host.as_str() {
            let (head, _) = request.into_parts();
            return self.model.relying_party().identity_host(&head).map(full);
        }
        match self.sites.iter().find(|(own, _)| own.as_str() == host) {
            Some((_, site)) => visit(site, caller, request).await,
            None => self.endpoint(caller, host, request, course).await,
        }
    }

    fn tell(&self, caller: &Caller, host: &str, seen: Seen, response: &Response<Body>, course: Course) {
        let port = match (caller.scheme, self.model.public_port()) {
            (Scheme::Https, port) if port != 443 => format!(":{port}"),
            _ => String::new(),
        };
        let exchange = Exchange {
            began: seen.began,
            connection: caller.connection,
            method: seen.method,
            url: format!("{}://{host}{port}{}", caller.scheme, seen.path),
            version: seen.version,
            request_headers: seen.headers,
            status: response.status(),
            response_headers: response.headers().clone(),
        };
        let answered = Box::new(Answered {
            exchange,
            endpoint: course.endpoint,
            route: course.route,
            passage: course.passage,
            forwarded: course.forwarded,
            code: course.notice.and_then(|notice| notice.code),
        });
        self.model.inspect(caller.scheme, host, &answered);
        self.sink.emit(Event::Answered(answered));
    }
}

impl Seen {
    fn of(request: &Request<Incoming>) -> Self {
        Self {
            began: Instant::now(),
            method: request.method().clone(),
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            version: request.version(),
            headers: request.headers().clone(),
        }
    }
}

/// The answer to HEAD: as long as the answer to GET would be, and nothing in it. Over HTTP/2 nobody else sees to that.
fn without_body(mut response: Response<Body>) -> Response<Body> {
    let length = response.body().size_hint().exact().filter(|length| *length > 0);
    if let Some(length) = length
        && !response.headers().contains_key(CONTENT_LENGTH)
    {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response.map(|body| if body.is_end_stream() { body } else { empty() })
}

/// Lets one of the edge's own sites answer. Its handlers find the [`Connection`](ground::Connection) among the
/// request's extensions.
async fn visit(site: &Router, caller: &Caller, mut request: Request<Incoming>) -> Response<Body> {
    request.extensions_mut().insert(caller.connection);
    match site.clone().oneshot(request.map(axum::body::Body::new)).await {
        Ok(response) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
        Err(never) => match never {},
    }
}
