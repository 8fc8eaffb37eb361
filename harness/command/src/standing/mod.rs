//! What stands until it is interrupted, which is its ordinary end: a whole world, its edge alone, its org alone.

mod edge;
mod okta;
mod table;
mod up;

pub(crate) use edge::edge;
pub(crate) use okta::okta;
pub(crate) use up::up;
