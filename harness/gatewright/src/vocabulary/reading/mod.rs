//! Reading what a scenario file holds: every value with its place, and every problem at once.

mod node;
mod problem;
mod reader;

pub(crate) use node::{Content, Node, parse};
pub use problem::Problem;
pub(crate) use reader::Reader;
