//! The edge's way to issuers, with evidence of each exchange.

use std::time::Instant;

use bytes::Bytes;
use ground::outbound::OutboundError;
use ground::{Outbound, Sink};
use http::{Request, Response};

use crate::event::{Asked, Event};

/// Sends the gate's requests by `outbound`.
pub(crate) fn way(outbound: Outbound, sink: Sink<Event>) -> gate::Http {
    gate::Http::new(move |request: Request<Vec<u8>>| {
        let (outbound, sink) = (outbound.clone(), sink.clone());
        async move {
            let answer = send(&outbound, &sink, request.map(Bytes::from)).await;
            answer.map(|answer| answer.map(Vec::from))
        }
    })
}

/// Sends one request by `outbound`.
pub(crate) async fn send(
    outbound: &Outbound,
    sink: &Sink<Event>,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, OutboundError> {
    let _busy = sink.busy();
    let began = Instant::now();
    let (method, url) = (request.method().clone(), request.uri().to_string());
    let request_headers = request.headers().clone();
    let answer = outbound.send(request).await;
    let outcome = match &answer {
        Ok(answer) => Ok((answer.status(), answer.headers().clone())),
        Err(error) => Err(error.to_string()),
    };
    let took = began.elapsed();
    sink.emit(Event::Asked(Box::new(Asked { began, method, url, request_headers, outcome, took })));
    answer
}
