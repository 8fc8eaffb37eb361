//! Turns what the browser tells by DevTools into [`Event`](super::Event)s, and keeps what a person must be able to ask:
//! which tabs there are, how a document came, whether anything is in flight.

mod heard;
mod recorder;
mod requests;
mod words;

pub(crate) use recorder::{Attempt, Loaded, Recorder};
pub(crate) use words::LastWord;
