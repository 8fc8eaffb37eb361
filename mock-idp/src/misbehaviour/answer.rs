//! An endpoint's whole answer: not given, late, of another type, cut short, or far too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use hyper::body::Frame;
use serde_json::json;

use super::asker::Asker;
use super::endpoint::Endpoint;
use super::fault::{Fault, Point, status};
use super::knob::Occasion;
use crate::api::ApiError;
use crate::keys::KeyPoolError;
use crate::model::{Cause, Surface};
use crate::oidc;
use crate::site::Site;
use crate::web::Visit;

/// Answers a request by `handle`, unless knobs say otherwise.
pub(crate) async fn answer<F: Future<Output = Response>>(
    site: &Site,
    visit: &Visit,
    request: Request<Body>,
    handle: impl FnOnce(Request<Body>) -> F,
) -> Response {
    let endpoint = Endpoint::at(visit.uri.path()).filter(|_| visit.surface == Surface::Org);
    let point = endpoint.map(Point::Answer).filter(|point| site.misbehaviour.works_at(*point));
    let Some(point) = point else { return handle(request).await };
    let (asker, request) = match Asker::of(site, visit, request).await {
        Ok(known) => known,
        Err(status) => return status.into_response(),
    };
    let occasion = Occasion::of(visit).with(asker.app.as_ref(), asker.user.as_ref());
    let mut faults = Vec::new();
    site.misbehaviour.pass(point, &occasion, |fault| {
        faults.push(fault.clone());
        true
    });
    for _ in faults.iter().filter(|fault| **fault == Fault::KeysRotated) {
        if rotate_keys(site, visit).await.is_err() {
            return ApiError::out_of_order(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        }
    }
    tokio::time::sleep(faults.iter().map(Fault::delay).sum()).await;
    let answered = match faults.iter().rev().find_map(Fault::refusal) {
        Some(refusal) => refusal,
        None => handle(request).await,
    };
    faults.iter().fold(answered, |answer, fault| fault.spoil(answer))
}

/// Rotates the keys of the authorization server that is asked, past the key that is published as the next.
async fn rotate_keys(site: &Site, visit: &Visit) -> Result<(), KeyPoolError> {
    let server = oidc::server_at(visit.uri.path());
    if site.model.authorization_server(&server).is_some() {
        for _ in 0..2 {
            site.rotate_keys(&server, &Cause::system()).await?;
        }
    }
    Ok(())
}

impl Fault {
    fn delay(&self) -> Duration {
        match self {
            Self::AnswerSlow { milliseconds, .. } => Duration::from_millis(*milliseconds),
            _ => Duration::ZERO,
        }
    }

    fn refusal(&self) -> Option<Response> {
        let Self::AnswerStatus { status: code, error, description, retry_after, .. } = self else {
            return None;
        };
        let code = status(*code);
        let mut response = match error {
            Some(error) => {
                let mut body = json!({ "error": error });
                if let Some(description) = description {
                    body["error_description"] = description.as_str().into();
                }
                (code, Json(body)).into_response()
            }
            None if code == StatusCode::TOO_MANY_REQUESTS => ApiError::rate_limited().into_response(),
            None if code.is_server_error() => ApiError::out_of_order(code).into_response(),
            None => code.into_response(),
        };
        if code == StatusCode::TOO_MANY_REQUESTS {
            let none = HeaderValue::from_static("0");
            response.headers_mut().insert(HeaderName::from_static("x-rate-limit-remaining"), none);
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Some(response)
    }

    fn spoil(&self, mut answer: Response) -> Response {
        match self {
            Self::AnswerType { content_type, .. } => {
                answer.headers_mut().remove(header::CONTENT_TYPE);
                // It was looked at when the knob was turned.
                if let Ok(value) = HeaderValue::from_str(content_type)
                    && !content_type.is_empty()
                {
                    answer.headers_mut().insert(header::CONTENT_TYPE, value);
                }
                answer
            }
            Self::AnswerBody { body, .. } => {
                answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
                answer.map(|_| Body::from(body.clone()))
            }
            // The length that was promised stays.
            Self::AnswerCut { after, .. } => {
                let left = *after;
                answer.map(|rest| Body::new(Cut { left, rest }))
            }
            Self::AnswerHuge { bytes, .. } => {
                answer.headers_mut().remove(header::CONTENT_LENGTH);
                let left = *bytes;
                answer.map(|rest| Body::new(Padded { left, rest }))
            }
            _ => answer,
        }
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, axum::Error>>>;

/// A body that breaks off.
struct Cut {
    left: u64,
    rest: Body,
}

impl hyper::body::Body for Cut {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let broken = || Poll::Ready(Some(Err(axum::Error::new("cut short on demand"))));
        if self.left == 0 {
            return broken();
        }
        match std::task::ready!(Pin::new(&mut self.rest).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(mut data) => {
                    data.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                    self.left -= data.len() as u64;
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Err(other) => Poll::Ready(Some(Ok(other))),
            },
            // Shorter than the cut: it breaks off where it would have ended.
            None => broken(),
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
        }
    }
}

/// A body behind white space, which is made as it is sent.
struct Padded {
    left: u64,
    rest: Body,
}

const SPACES: &[u8] = &[b' '; 16 * 1024];

impl hyper::body::Body for Padded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let length = SPACES.len().min(usize::try_from(self.left).unwrap_or(SPACES.len()));
        if length == 0 {
            return Pin::new(&mut self.rest).poll_frame(cx);
        }
        self.left -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&SPACES[..length])))))
    }
}
