//! People's sessions, kept as they come and go.

use std::sync::Arc;

use gate::{KeptSession, SessionKeeper};
use ground::Sink;

use super::StoreError;
use super::file::{Changes, Store, json};
use crate::event::Event;

/// Keeps the gate's sessions in the store.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) store: Arc<Store>,
    pub(crate) sink: Sink<Event>,
}

impl Shelf {
    /// The sessions that are there.
    pub(crate) fn sessions(&self) -> Result<Vec<KeptSession>, StoreError> {
        self.store.read_all("session/")
    }

    /// Writes again what has changed of these sessions: when they were last in use.
    pub(crate) fn renew(&self, sessions: &[KeptSession]) {
        self.commit(sessions.iter().map(|session| (name(&session.key), Some(json(session)))).collect());
    }

    fn commit(&self, changes: Changes) {
        if let Err(error) = self.store.commit_or_owe(changes) {
            self.sink.emit(Event::NotKept { reason: error.to_string() });
        }
    }
}

impl SessionKeeper for Shelf {
    fn keep(&self, session: KeptSession) {
        self.commit([(name(&session.key), Some(json(&session)))].into());
    }

    fn forget(&self, key: &str) {
        self.commit([(name(key), None)].into());
    }
}

fn name(key: &str) -> String {
    format!("session/{key}")
}
