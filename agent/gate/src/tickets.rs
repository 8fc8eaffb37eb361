//! Parked callbacks: what the issuer answered, until the endpoint fetches it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ground::{Clock, Secret};

use crate::opaque::Key;
use crate::{Endpoint, Refusal};

/// How long a ticket is good.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// More are not kept: the oldest make room.
const MAX_TICKETS: usize = 8192;

/// What the issuer answered for a login.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) endpoint: Endpoint,
    pub(crate) state: Key,
    pub(crate) outcome: Outcome,
}

/// An authorization response (RFC 6749, 4.1.2). The issuer's name in it has been checked.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Code(Secret),
    Error { error: String, description: Option<String> },
}

/// Callbacks that wait to be fetched, found by the digest of their ticket.
pub(crate) struct Tickets {
    clock: Clock,
    parked: Mutex<HashMap<Key, (DateTime<Utc>, Callback)>>,
}

impl Tickets {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, parked: Mutex::default() }
    }

    /// Parks a callback and gives its ticket.
    pub(crate) fn park(&self, callback: Callback) -> Secret {
        let now = self.clock.now();
        let ticket = Secret::random("ticket");
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.retain(|_, (since, _)| now - *since <= LIFETIME);
        if parked.len() >= MAX_TICKETS {
            let oldest = parked.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                parked.remove(&oldest);
            }
        }
        parked.insert(Key::of(ticket.expose()), (now, callback));
        ticket
    }

    /// Redeems a ticket on `endpoint`. Whatever comes of it, the ticket is used up.
    pub(crate) fn redeem(&self, ticket: &str, endpoint: &Endpoint) -> Result<Callback, Refusal> {
        let found = self.parked.lock().unwrap_or_else(PoisonError::into_inner).remove(&Key::of(ticket));
        let (since, callback) = found.ok_or(Refusal::TicketUnknown)?;
        if self.clock.now() - since > LIFETIME {
            return Err(Refusal::TicketUnknown);
        }
        if callback.endpoint != *endpoint {
            return Err(Refusal::WrongHost);
        }
        Ok(callback)
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn endpoint(name: &str) -> Endpoint {
        Endpoint::new(&format!("https://{name}.tunnel.test")).unwrap()
    }

    fn callback() -> Callback {
        Callback {
            endpoint: endpoint("app"),
            state: Key::of("state"),
            outcome: Outcome::Code(Secret::new("code", "code")),
        }
    }

    #[test]
    fn a_ticket_is_good_once() {
        let tickets = Tickets::new(Clock::new());
        let ticket = tickets.park(callback());
        assert!(tickets.redeem(ticket.expose(), &endpoint("app")).is_ok());
        assert_eq!(tickets.redeem(ticket.expose(), &endpoint("app")).unwrap_err(), Refusal::TicketUnknown);
        assert_eq!(tickets.redeem("made up", &endpoint("app")).unwrap_err(), Refusal::TicketUnknown);
    }

    #[test]
    fn a_ticket_shown_at_another_endpoint_is_used_up() {
        let tickets = Tickets::new(Clock::new());
        let ticket = tickets.park(callback());
        assert_eq!(tickets.redeem(ticket.expose(), &endpoint("other")).unwrap_err(), Refusal::WrongHost);
        assert_eq!(tickets.redeem(ticket.expose(), &endpoint("app")).unwrap_err(), Refusal::TicketUnknown);
    }

    #[test]
    fn a_ticket_is_good_for_a_minute() {
        let clock = Clock::new();
        let tickets = Tickets::new(clock.clone());
        let (quick, slow) = (tickets.park(callback()), tickets.park(callback()));
        clock.advance(Duration::from_secs(50));
        assert!(tickets.redeem(quick.expose(), &endpoint("app")).is_ok());
        clock.advance(Duration::from_secs(20));
        assert_eq!(tickets.redeem(slow.expose(), &endpoint("app")).unwrap_err(), Refusal::TicketUnknown);
    }
}
