//! The gate's way to its issuers, with evidence of each exchange.

use std::time::Instant;

use bytes::Bytes;
use ground::{Outbound, Sink};
use http::Request;

use crate::event::{Asked, Event};

/// Sends the gate's requests by `outbound`.
pub(crate) fn way(outbound: Outbound, sink: Sink<Event>) -> gate::Http {
    gate::Http::new(move |request: Request<Vec<u8>>| {
        let (outbound, sink) = (outbound.clone(), sink.clone());
        async move {
            let _busy = sink.busy();
            let began = Instant::now();
            let (method, url) = (request.method().clone(), request.uri().to_string());
            let request_headers = request.headers().clone();
            let answer = outbound.send(request.map(Bytes::from)).await;
            let outcome = match &answer {
                Ok(answer) => Ok((answer.status(), answer.headers().clone())),
                Err(error) => Err(error.to_string()),
            };
            let took = began.elapsed();
            sink.emit(Event::Asked(Box::new(Asked { began, method, url, request_headers, outcome, took })));
            answer.map(|answer| answer.map(Vec::from))
        }
    })
}
