//! Bodies on their way through.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::tether::Tether;
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

/// An upstream's body. Read to its end it gives its connection back; dropped before, it ends it. It breaks off when the
/// session that it came through ends.
pub(super) struct FromUpstream {
    pub(super) body: Incoming,
    pub(super) upstream: Option<Upstream>,
    pub(super) session: Arc<AgentSession>,
    /// What ties it to a session, until it was read to its end.
    pub(super) tether: Option<Tether>,
}

/// The rest of a body is not for whoever asked for it any more.
#[derive(Debug, thiserror::Error)]
#[error("the session that the answer came through has ended")]
struct CutShort;

impl FromUpstream {
    pub(super) fn boxed(mut self) -> Body {
        if self.body.is_end_stream() {
            self.finish();
        }
        self.boxed_unsync()
    }

    /// It was read to its end.
    fn finish(&mut self) {
        self.tether = None;
        if let Some(upstream) = self.upstream.take() {
            self.session.upstreams.keep(upstream);
        }
    }

    /// Its session is over: an error, so that nobody takes what came for all of it.
    fn cut_short(&mut self) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.upstream = None;
        Poll::Ready(Some(Err(CutShort.into())))
    }
}

impl HttpBody for FromUpstream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        // A body that always has more must not outrun the end of its session.
        if self.tether.as_ref().is_some_and(Tether::is_over) {
            return self.cut_short();
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(None) => self.finish(),
            Poll::Ready(Some(Err(_))) => self.upstream = None,
            Poll::Ready(Some(Ok(_))) if self.body.is_end_stream() => self.finish(),
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Pending => {
                if self.tether.as_mut().is_some_and(|tether| tether.poll_over(context).is_ready()) {
                    return self.cut_short();
                }
            }
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
