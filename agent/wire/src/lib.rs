//! ngrok's agent protocol on the wire, for both ends of a tunnel:
//!
//! * [`frame`]: muxado's frames, a pure codec;
//! * [`session`]: many streams over one connection, each with its own flow control, everything bounded;
//! * [`stream_type`]: what a stream is for, in its first four bytes;
//! * [`heartbeat`]: proof of life in both directions, and the round-trip time;
//! * [`rpc`] and [`message`]: JSON requests and answers;
//! * [`proxy`]: the header of a proxied connection.
//!
//! No policy and no HTTP: who may bind what, and what flows inside, is for the edge and the agent to decide.

pub mod frame;
pub mod heartbeat;
pub mod message;
pub mod proxy;
pub mod rpc;
pub mod session;
pub mod stream_type;

pub use frame::ErrorCode;
pub use session::{CloseReason, Incoming, Limits, OpenError, Role, Session, Stream, StreamError};
pub use stream_type::StreamType;
