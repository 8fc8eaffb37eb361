//! Bodies on their way through.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::upstreams::Upstream;
use crate::model::online::AgentSession;

/// What can go wrong while a body is read.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Any body.
pub(crate) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// No bytes.
pub(crate) fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// These bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An upstream's body. Read to its end it gives its connection back; dropped before, it ends it.
pub(super) struct FromUpstream {
    pub(super) body: Incoming,
    pub(super) upstream: Option<Upstream>,
    pub(super) session: Arc<AgentSession>,
}

impl FromUpstream {
    pub(super) fn boxed(mut self) -> Body {
        self.keep_if_read();
        self.boxed_unsync()
    }

    fn keep_if_read(&mut self) {
        if self.body.is_end_stream()
            && let Some(upstream) = self.upstream.take()
        {
            self.session.upstreams.keep(upstream);
        }
    }
}

impl HttpBody for FromUpstream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(None) => {
                if let Some(upstream) = self.upstream.take() {
                    self.session.upstreams.keep(upstream);
                }
            }
            Poll::Ready(Some(Err(_))) => self.upstream = None,
            Poll::Ready(Some(Ok(_))) => self.keep_if_read(),
            Poll::Pending => {}
        }
        polled.map(|frame| frame.map(|result| result.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
