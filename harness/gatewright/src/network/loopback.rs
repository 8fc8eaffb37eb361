//! What a member's own machine serves on loopback, which no other machine can reach: programs beside the browser, such as
//! an authenticator app, that web pages talk to.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{Request, Response};

/// A program on a member's machine: it answers a request at once, or isn't there.
pub type Program = Arc<dyn Fn(Request<Bytes>) -> Option<Response<Bytes>> + Send + Sync>;

/// The programs of all members, by member and port.
#[derive(Default)]
pub(super) struct Loopbacks(RwLock<HashMap<(String, u16), Program>>);

impl Loopbacks {
    pub(super) fn serve(&self, who: &str, port: u16, program: Program) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert((who.to_owned(), port), program);
    }

    pub(super) fn find(&self, who: &str, port: u16) -> Option<Program> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&(who.to_owned(), port)).cloned()
    }
}

impl fmt::Debug for Loopbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let programs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(programs.keys()).finish()
    }
}
