//! A body that is compressed as it goes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame};
use policy::action::{Compressor, Encoding};

use crate::proxy::{Body, BodyError};

/// The same body, compressed. Each of its frames comes out as one.
pub(super) fn compressed(body: Body, encoding: Encoding) -> Body {
    Compressed { body, compressor: Some(Compressor::new(encoding)), trailers: None }.boxed_unsync()
}

struct Compressed {
    body: Body,
    /// Until the end was compressed.
    compressor: Option<Compressor>,
    /// What follows the end.
    trailers: Option<HeaderMap>,
}

impl HttpBody for Compressed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        while let Some(mut compressor) = self.compressor.take() {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
                self.compressor = Some(compressor);
                return Poll::Pending;
            };
            let piece = match frame.transpose()?.map(Frame::into_data) {
                Some(Ok(data)) => {
                    let piece = compressor.piece(&data);
                    self.compressor = Some(compressor);
                    piece
                }
                Some(Err(end)) => {
                    self.trailers = end.into_trailers().ok();
                    compressor.finish()
                }
                None => compressor.finish(),
            }?;
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }
}
