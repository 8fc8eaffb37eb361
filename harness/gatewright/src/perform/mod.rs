//! How a stage does what the vocabulary says: one file for each kind of subject, and what they have in common.

mod agent;
mod answer;
mod conversation;
mod device;
mod edge;
mod fill;
mod misbehaviour;
mod network;
mod okta;
mod person;
mod policy;
mod sight;
mod sign_in;
mod theft;
mod upstream;

use std::time::Instant;

use futures_util::future::BoxFuture;

use crate::record::StepSpan;
use crate::stage::World;
use crate::vocabulary::{
    ClockStep, EdgeStep, NetworkStep, OktaStep, Performs, Step, StepError, UpstreamStep,
};

impl Performs for World {
    fn perform<'a>(&'a self, step: &'a Step) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(async move {
            let began = Instant::now();
            let outcome = self.perform_one(step).await;
            let mut kept = self.kept();
            kept.steps.push(StepSpan { began, took: began.elapsed() });
            if outcome.is_ok() && lasts(step) {
                let index = kept.steps.len() - 1;
                kept.lasting.push((index, step.clone()));
            }
            outcome
        })
    }
}

/// Whether what a step expects has to hold at the end as well.
fn lasts(step: &Step) -> bool {
    match step {
        Step::Upstream(_, UpstreamStep::SawNothing) => true,
        Step::Upstream(_, UpstreamStep::Saw(seen)) => seen.times.is_some(),
        Step::Okta(OktaStep::DidNotLog(_)) => true,
        Step::Edge(EdgeStep::Refused(refusal)) => refusal.times.is_some(),
        Step::Network(NetworkStep::RefusedNothing) => true,
        _ => false,
    }
}

impl World {
    async fn perform_one(&self, step: &Step) -> Result<(), StepError> {
        match step {
            Step::Person(name, step) => self.person_step(name.as_str(), step).await,
            Step::Upstream(name, step) => self.upstream_step(name.as_str(), step).await,
            Step::Okta(step) => self.okta_step(step).await,
            Step::Edge(step) => self.edge_step(step).await,
            Step::Agent(name, step) => self.agent_step(name.as_str(), step).await,
            Step::Clock(ClockStep::Advances(by)) => {
                self.clock().advance(*by);
                Ok(())
            }
            Step::Network(step) => self.network_step(step).await,
        }
    }

    /// Whether what a step expected is still so now that everything is over.
    pub(crate) fn stayed(&self, step: &Step) -> Result<(), StepError> {
        match step {
            Step::Upstream(name, step) => self.upstream_stayed(name.as_str(), step),
            Step::Okta(step) => self.okta_stayed(step),
            Step::Edge(step) => self.edge_stayed(step),
            Step::Network(step) => self.network_stayed(step),
            _ => Ok(()),
        }
    }
}
