//! What the network refused, and how much of it is underway.

use std::time::Duration;

use ground::evidence::Stamped;

use crate::network::{self, Asker, Refused};
use crate::record::Event;
use crate::stage::World;
use crate::vocabulary::{Count, NetworkStep, Pattern, StepError};

impl World {
    pub(super) async fn network_step(&self, step: &NetworkStep) -> Result<(), StepError> {
        match step {
            NetworkStep::Refused(host) => self.network_refused(host).await,
            NetworkStep::RefusedNothing => {
                self.rest().await?;
                self.refused_nothing()
            }
            NetworkStep::StallsWithin(megabytes) => self.stalls_within(*megabytes).await,
        }
    }

    /// Whether a step about the network that was true once is still true now that everything is over.
    pub(crate) fn network_stayed(&self, step: &NetworkStep) -> Result<(), StepError> {
        match step {
            NetworkStep::RefusedNothing => self.refused_nothing(),
            _ => Ok(()),
        }
    }

    async fn network_refused(&self, host: &Pattern) -> Result<(), StepError> {
        let host = host.fill(|reference| self.value(reference))?;
        let found = self.log().until(self.patience(), |events| {
            let refused = refusals(events).map(|refused| refused.host.clone()).collect::<Vec<_>>();
            if refused.iter().any(|name| host.matches(name)) { Ok(()) } else { Err(refused.join("\n")) }
        });
        found.await.map_err(|refused| {
            StepError::unmet("the network refused nobody such a host").compared(host.to_string(), refused)
        })
    }

    fn refused_nothing(&self) -> Result<(), StepError> {
        let refused = self.log().read(|events| {
            let ours = refusals(events).filter(|refused| refused.asker == Asker::Member);
            ours.map(|r| format!("{} asked for {}:{}: {}", r.who, r.host, r.port, r.why)).collect::<Vec<_>>()
        });
        match refused.is_empty() {
            true => Ok(()),
            false => Err(StepError::unmet("somebody asked for what is not on this stage")
                .compared("nothing refused", refused.join("\n"))),
        }
    }

    /// Waits until nothing more is carried, and compares what is underway with what an upstream has read.
    async fn stalls_within(&self, megabytes: Count) -> Result<(), StepError> {
        let limit = u64::from(megabytes.0) * 1_000_000;
        let carried = self.carried_at_rest(limit).await;
        let read = self.log().read(|events| {
            events.iter().rev().find_map(|stamped| match &stamped.event {
                Event::Upstream(_, crate::upstream::Event::Body { bytes, .. }) => Some(*bytes),
                _ => None,
            })
        });
        let underway = carried.saturating_sub(read.unwrap_or(0));
        match underway <= limit {
            true => Ok(()),
            false => Err(StepError::unmet("more is underway than the tunnel should hold")
                .compared(format!("at most {limit} bytes"), format!("{underway} bytes"))),
        }
    }
}

impl World {
    /// How many bytes people and parts have sent once no more are carried for a while, or at least `enough` beyond what
    /// was read.
    async fn carried_at_rest(&self, enough: u64) -> u64 {
        const LOOK_EVERY: Duration = Duration::from_millis(50);
        const QUIET_LOOKS: u32 = 6;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        let (first, mut last, mut quiet) = (self.network().carried_up(), 0, 0);
        while quiet < QUIET_LOOKS {
            ticks.tick().await;
            let carried = self.network().carried_up();
            quiet = if carried == last { quiet + 1 } else { 0 };
            last = carried;
            if carried - first > 2 * enough {
                break;
            }
        }
        last
    }
}

fn refusals(events: &[Stamped<Event>]) -> impl Iterator<Item = &Refused> {
    events.iter().filter_map(|stamped| match &stamped.event {
        Event::Network(network::Event::Refused(refused)) => Some(refused),
        _ => None,
    })
}
