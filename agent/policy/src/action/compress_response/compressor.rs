//! Compresses a body piece by piece.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_compression::Level;
use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder};
use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::Encoding;

/// Brotli's higher levels are for what is compressed once and sent often.
const BROTLI_LEVEL: i32 = 4;
/// zlib's own default is 6; what is compressed on the way is better quick.
const FLATE_LEVEL: i32 = 5;

/// Compresses a body. Every piece comes out whole at once, so that a stream of events stays one.
pub struct Compressor {
    encoder: Encoder,
}

enum Encoder {
    Brotli(Box<BrotliEncoder<Vec<u8>>>),
    Gzip(GzipEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
}

impl Compressor {
    /// One that nothing went through yet.
    pub fn new(encoding: Encoding) -> Self {
        let flate = Level::Precise(FLATE_LEVEL);
        let encoder = match encoding {
            Encoding::Brotli => {
                let level = Level::Precise(BROTLI_LEVEL);
                Encoder::Brotli(Box::new(BrotliEncoder::with_quality(Vec::new(), level)))
            }
            Encoding::Gzip => Encoder::Gzip(GzipEncoder::with_quality(Vec::new(), flate)),
            Encoding::Deflate => Encoder::Deflate(ZlibEncoder::with_quality(Vec::new(), flate)),
        };
        Self { encoder }
    }

    /// A piece of the body, compressed; the receiver can decompress it without what follows.
    pub fn piece(&mut self, plain: &[u8]) -> io::Result<Bytes> {
        let mut rest = plain;
        while !rest.is_empty() {
            let taken = done(self.writer().poll_write(&mut idle(), rest))?;
            rest = &rest[taken..];
        }
        done(self.writer().poll_flush(&mut idle()))?;
        Ok(self.take())
    }

    /// The end of the body.
    pub fn finish(mut self) -> io::Result<Bytes> {
        done(self.writer().poll_shutdown(&mut idle()))?;
        Ok(self.take())
    }

    fn writer(&mut self) -> Pin<&mut (dyn AsyncWrite + Unpin)> {
        Pin::new(match &mut self.encoder {
            Encoder::Brotli(encoder) => encoder,
            Encoder::Gzip(encoder) => encoder,
            Encoder::Deflate(encoder) => encoder,
        })
    }

    fn take(&mut self) -> Bytes {
        let output = match &mut self.encoder {
            Encoder::Brotli(encoder) => encoder.get_mut(),
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Deflate(encoder) => encoder.get_mut(),
        };
        Bytes::from(std::mem::take(output))
    }
}

fn idle() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Memory never makes a writer wait.
fn done<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoding = match self.encoder {
            Encoder::Brotli(_) => Encoding::Brotli,
            Encoder::Gzip(_) => Encoding::Gzip,
            Encoder::Deflate(_) => Encoding::Deflate,
        };
        f.debug_tuple("Compressor").field(&encoding).finish()
    }
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::write::{BrotliDecoder, GzipDecoder, ZlibDecoder};
    use proptest::prelude::*;

    use super::*;

    /// What a receiver has after each piece that it got.
    fn received(encoding: Encoding, pieces: &[Bytes]) -> Vec<u8> {
        fn all<W: AsyncWrite + Unpin>(mut decoder: W, pieces: &[Bytes]) -> W {
            for piece in pieces {
                let mut rest = &piece[..];
                while !rest.is_empty() {
                    let taken = done(Pin::new(&mut decoder).poll_write(&mut idle(), rest)).unwrap();
                    rest = &rest[taken..];
                }
            }
            done(Pin::new(&mut decoder).poll_flush(&mut idle())).unwrap();
            decoder
        }
        match encoding {
            Encoding::Brotli => all(BrotliDecoder::new(Vec::new()), pieces).into_inner(),
            Encoding::Gzip => all(GzipDecoder::new(Vec::new()), pieces).into_inner(),
            Encoding::Deflate => all(ZlibDecoder::new(Vec::new()), pieces).into_inner(),
        }
    }

    proptest! {
        #[test]
        fn every_piece_arrives_when_it_was_sent(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 1..5),
            encoding in prop::sample::select(vec![Encoding::Brotli, Encoding::Gzip, Encoding::Deflate]),
        ) {
            let mut compressor = Compressor::new(encoding);
            let mut sent = Vec::new();
            let mut plain = Vec::new();
            for piece in &pieces {
                plain.extend_from_slice(piece);
                sent.push(compressor.piece(piece).unwrap());
                prop_assert_eq!(&received(encoding, &sent), &plain);
            }
            sent.push(compressor.finish().unwrap());
            prop_assert_eq!(&received(encoding, &sent), &plain);
        }
    }

    #[test]
    fn what_repeats_becomes_short() {
        for encoding in [Encoding::Brotli, Encoding::Gzip, Encoding::Deflate] {
            let mut compressor = Compressor::new(encoding);
            let piece = compressor.piece(&b"hello ".repeat(10_000)).unwrap();
            assert!(piece.len() + compressor.finish().unwrap().len() < 1000, "{encoding:?}");
        }
    }
}
