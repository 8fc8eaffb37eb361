//! What the console shows, kept from the agent's events.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::console::{Forwarding, Request, State, Status};
use crate::event::Event;
use crate::meter::Meter;

/// How many requests the console remembers.
const MAX_REQUESTS: usize = 50;

#[derive(Debug)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) state: State,
    meter: Meter,
}

impl Book {
    pub(crate) fn new() -> Self {
        let pages = Pages { state: State::default(), meter: Meter::new(Instant::now()) };
        Self { pages: Mutex::new(pages), changed: watch::Sender::new(()) }
    }

    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn read(&self) -> State {
        let pages = self.pages();
        State { connections: pages.meter.read(Instant::now()), ..pages.state.clone() }
    }

    /// Takes note of an event.
    pub(crate) fn note(&self, event: &Event) {
        self.pages().note(event);
        self.changed.send_replace(());
    }
}

impl Pages {
    fn note(&mut self, event: &Event) {
        let state = &mut self.state;
        match event {
            Event::SessionEstablished { region, .. } => {
                state.status = Status::Online;
                state.region.clone_from(region);
            }
            Event::SessionLost { reason, .. } => {
                state.status = Status::Reconnecting { reason: reason.clone() };
                state.latency = None;
            }
            Event::Reconnecting { reason: Some(reason), .. } => {
                state.status = Status::Reconnecting { reason: reason.clone() };
            }
            Event::TunnelStarted { name, url, labels, upstream, .. } => {
                let from = url.clone().unwrap_or_else(|| labels.clone());
                let (name, to) = (name.clone(), upstream.clone());
                // A tunnel that is back takes its old line.
                match state.forwarding.iter_mut().find(|line| line.name == name && line.to == to) {
                    Some(line) => line.from = from,
                    None => state.forwarding.push(Forwarding { name, from, to }),
                }
            }
            Event::TunnelStopped { name, .. } => state.forwarding.retain(|line| line.name != *name),
            Event::ConnectionOpened { .. } => self.meter.opened(Instant::now()),
            Event::ConnectionClosed { lasted, .. } => self.meter.closed(*lasted),
            Event::Exchange { method, target, status, reason, .. } => {
                state.requests.truncate(MAX_REQUESTS - 1);
                // A query may hold what nobody should read over a shoulder.
                let path = target.split('?').next().unwrap_or_default().to_owned();
                let request =
                    Request { method: method.clone(), path, status: *status, reason: reason.clone() };
                state.requests.insert(0, request);
            }
            Event::Ended { error } => state.status = Status::Ended { reason: error.to_string() },
            Event::Reconnecting { reason: None, .. }
            | Event::UpstreamUnreachable { .. }
            | Event::Commanded { .. } => {}
        }
    }
}
