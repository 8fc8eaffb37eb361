//! How one tunnel is doing.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::meter::{Meter, Reading};

/// A tunnel's connections and its HTTP exchanges.
#[derive(Debug)]
pub(crate) struct Gauges {
    connections: Mutex<Meter>,
    exchanges: Mutex<Meter>,
}

impl Gauges {
    pub(crate) fn new() -> Self {
        let meter = || Mutex::new(Meter::new(Instant::now()));
        Self { connections: meter(), exchanges: meter() }
    }

    pub(crate) fn opened(&self) {
        lock(&self.connections).opened(Instant::now());
    }

    pub(crate) fn closed(&self, lasted: Duration) {
        lock(&self.connections).closed(lasted);
    }

    pub(crate) fn exchanged(&self, took: Duration) {
        let mut exchanges = lock(&self.exchanges);
        exchanges.opened(Instant::now());
        exchanges.closed(took);
    }

    pub(crate) fn connections(&self) -> Reading {
        lock(&self.connections).reading(Instant::now())
    }

    pub(crate) fn exchanges(&self) -> Reading {
        lock(&self.exchanges).reading(Instant::now())
    }
}

fn lock(meter: &Mutex<Meter>) -> std::sync::MutexGuard<'_, Meter> {
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}
