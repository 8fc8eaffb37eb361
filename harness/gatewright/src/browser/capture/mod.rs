//! Turns what the browser tells by DevTools into [`Event`](super::Event)s, and keeps what a person must be able to ask:
//! which tabs there are, how a document came, whether anything is in flight.

mod heard;
mod recorder;
mod requests;
mod tabs;
mod told;
mod words;

pub(crate) use recorder::Recorder;
pub(crate) use tabs::{Attempt, Loaded};
pub(crate) use words::LastWord;
