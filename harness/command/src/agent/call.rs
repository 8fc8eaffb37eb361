//! Calling an edge until it answers.

use std::io;
use std::time::Instant;

use gatewright::parts::client::console::{State, Status};
use gatewright::parts::client::{Agent, AgentError, Backoff, Event};
use gatewright::parts::ground::Clock;
use gatewright::parts::ground::evidence::Stamped;

use super::hearing::Hearing;
use super::view::View;
use crate::failure::Failure;
use crate::interrupts::Interrupts;

/// How calling ended.
pub(super) enum Called {
    /// The edge let the agent in.
    Joined,
    /// Calling again would be of no use.
    Refused(AgentError),
    /// Somebody did not want to wait.
    Interrupted,
}

/// Joins the edge, as often as it takes while there is hope.
pub(super) async fn call(
    agent: &Agent,
    hearing: &mut Hearing,
    view: &mut View,
    interrupts: &mut Interrupts,
) -> Result<Called, Failure> {
    view.refresh(&agent.console());
    let mut backoff = Backoff::default();
    loop {
        let error = tokio::select! {
            () = interrupts.next() => return Ok(Called::Interrupted),
            called = agent.join() => match called {
                Ok(()) => return Ok(Called::Joined),
                Err(error) if is_hopeless(&error) => return Ok(Called::Refused(error)),
                Err(error) => error,
            },
        };
        let (reason, failed, delay) = (error.to_string(), backoff.failed(), backoff.wait());
        let event = Event::Reconnecting { failed, delay, reason: Some(reason.clone()) };
        let now = Stamped { at: Instant::now(), stage_time: Clock::new().now(), event };
        while let Some(event) = hearing.heard_already() {
            view.heard(&event, &agent.console())?;
        }
        view.heard(&now, &State { status: Status::Reconnecting { reason }, ..agent.console() })?;
        tokio::select! {
            () = interrupts.next() => return Ok(Called::Interrupted),
            () = tokio::time::sleep(delay) => {}
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright::parts::client::Refusal;

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
