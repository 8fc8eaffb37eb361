//! Calling an edge until it answers.

use std::io;
use std::time::{Duration, Instant};

use gatewright::parts::client::console::{State, Status};
use gatewright::parts::client::{Agent, AgentError, Config, Event};
use gatewright::parts::ground::evidence::Stamped;
use gatewright::parts::ground::{Clock, Sink};

use super::view::View;
use crate::failure::Failure;
use crate::interrupts::Interrupts;

/// The wait after the first attempt that failed; it doubles …
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// … up to here.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How calling ended.
pub(super) enum Called {
    /// The edge let the agent in.
    Joined(Agent),
    /// Calling again would be of no use.
    Refused(AgentError),
    /// Somebody did not want to wait.
    Interrupted,
}

/// Joins the edge, as often as it takes while there is hope.
pub(super) async fn call(
    config: &Config,
    sink: &Sink<Event>,
    view: &mut View,
    interrupts: &mut Interrupts,
) -> Result<Called, Failure> {
    view.refresh(&state(Status::Connecting));
    for failed in 0.. {
        let error = tokio::select! {
            () = interrupts.next() => return Ok(Called::Interrupted),
            called = Agent::start(config.clone(), sink.clone()) => match called {
                Ok(agent) => return Ok(Called::Joined(agent)),
                Err(error) if is_hopeless(&error) => return Ok(Called::Refused(error)),
                Err(error) => error,
            },
        };
        let (reason, delay) = (error.to_string(), wait_after(failed));
        let event = Event::Reconnecting { failed, delay, reason: Some(reason.clone()) };
        let now = Stamped { at: Instant::now(), stage_time: Clock::new().now(), event };
        view.heard(&now, &state(Status::Reconnecting { reason }))?;
        tokio::select! {
            () = interrupts.next() => break,
            () = tokio::time::sleep(delay) => {}
        }
    }
    Ok(Called::Interrupted)
}

/// What is to be shown as long as there is no agent.
fn state(status: Status) -> State {
    State { status, version: env!("CARGO_PKG_VERSION").to_owned(), ..State::default() }
}

/// An edge that is down may come up. What says no will say no again, a certificate of somebody else's will be
/// somebody else's again, and a host that isn't on this machine is not looked for elsewhere.
fn is_hopeless(error: &AgentError) -> bool {
    match error {
        AgentError::Unauthenticated(_) | AgentError::Stopped | AgentError::ShutDown => true,
        AgentError::Dial { reason, .. } => reason.kind() == io::ErrorKind::HostUnreachable,
        AgentError::Tls { reason, .. } => {
            matches!(reason.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        }
        _ => false,
    }
}

fn wait_after(failed: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failed.min(16)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright::parts::client::Refusal;

    #[test]
    fn the_edge_is_called_less_and_less_often() {
        let waits: Vec<_> = (0..8).map(|failed| wait_after(failed).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        assert_eq!(wait_after(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn what_cannot_mend_itself_ends_the_calling() {
        let address = || "localhost:4443".to_owned();
        let dial = |kind: io::ErrorKind| AgentError::Dial { address: address(), reason: kind.into() };
        let tls = |kind: io::ErrorKind| AgentError::Tls { address: address(), reason: kind.into() };
        assert!(!is_hopeless(&dial(io::ErrorKind::ConnectionRefused)));
        assert!(is_hopeless(&dial(io::ErrorKind::HostUnreachable)));
        assert!(is_hopeless(&tls(io::ErrorKind::InvalidData)));
        assert!(!is_hopeless(&tls(io::ErrorKind::UnexpectedEof)));
        assert!(is_hopeless(&AgentError::Unauthenticated(Refusal::new(107, "unknown"))));
        assert!(!is_hopeless(&AgentError::Silent { what: "Auth" }));
    }
}
