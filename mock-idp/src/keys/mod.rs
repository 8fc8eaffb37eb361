//! RSA keys for signing tokens. They are slow to make, so a pool makes them ahead, in the background, and keeps them in
//! a private directory from run to run.

mod pool;
mod signing;
mod store;

pub(crate) use pool::Claimed;
pub use pool::{KeyPool, KeyPoolError};
pub(crate) use signing::SigningError;
