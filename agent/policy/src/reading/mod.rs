//! Reading a policy's text: every value with its place, the first mistake with what to do about it.

mod nearest;
mod node;
mod value;

pub(crate) use nearest::{advice, nearest};
pub(crate) use node::parse;
pub(crate) use value::{Value, shortened};
