//! A muxado session: many streams over one connection.
//!
//! Two tasks of the caller's owner drive it, one that reads and one that writes. All that they and the streams share is
//! the [`table`], a state machine without I/O behind one lock: frames go in, frames come out, and what happens in
//! between needs no task.
//!
//! Bounds, whatever the peer does: per stream 256 KiB received and not read (its window) and 256 KiB to be sent; per
//! session the streams of [`Limits`] and 4096 control frames that the peer doesn't read. A peer that passes a stream's
//! bounds loses the stream, one that breaks the protocol loses the session. A stream that nobody reads holds up
//! no other.

mod close;
mod handle;
mod ids;
mod reader;
mod stream;
mod table;
mod writer;

pub use close::{CloseReason, OpenError, StreamError, Violation};
pub use handle::{Incoming, Limits, Role, Session};
pub use stream::Stream;
