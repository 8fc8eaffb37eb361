use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Outcome, Run, Scenario};

/// Something that the org decided about somebody who was signing in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decision {
    /// What its policies asked for.
    pub policy: String,
    /// What was proved, or tried.
    pub proof: String,
    /// What came of it.
    pub outcome: String,
}

impl Run {
    /// What the org decided in scenarios that passed, each decision with the scenarios in which it was witnessed.
    pub fn decisions(&self) -> BTreeMap<&Decision, Vec<&Scenario>> {
        let mut decisions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for scenario in self.scenarios.iter().filter(|scenario| scenario.outcome() == Outcome::Passed) {
            for decision in &scenario.decisions {
                decisions.entry(decision).or_default().push(scenario);
            }
        }
        decisions
    }
}
