//! Where links within the page lead.

use std::collections::{HashMap, HashSet};

use crate::model::{Exchange, Run};

/// The anchors of one scenario: `s/walkthrough/option-1` its own, `s/walkthrough/option-1:e7` an exchange's. They hold
/// nothing that would have to be escaped, in an attribute or in an address.
pub(super) struct Anchors<'a> {
    own: String,
    exchanges: HashMap<&'a str, usize>,
}

impl<'a> Anchors<'a> {
    /// Those of each of a run's scenarios, unique even where ids are not (in a run that was put together).
    pub(super) fn of(run: &'a Run) -> Vec<Self> {
        let mut taken = HashSet::new();
        let mut anchors = Vec::with_capacity(run.scenarios.len());
        for scenario in &run.scenarios {
            let plain = format!("s/{}", plain(&scenario.id));
            let free = |own: &String| !taken.contains(own);
            let again = (2..).map(|times: usize| format!("{plain}~{times}"));
            let own = std::iter::once(plain.clone()).chain(again).find(free).unwrap_or_default();
            taken.insert(own.clone());
            anchors.push(Self { own, exchanges: numbers(&scenario.exchanges) });
        }
        anchors
    }

    pub(super) fn own(&self) -> &str {
        &self.own
    }

    /// That of a part of the scenario.
    pub(super) fn part(&self, part: &str) -> String {
        format!("{}:{part}", self.own)
    }

    /// That of the exchange with this id; none when there is none.
    pub(super) fn exchange(&self, id: &str) -> Option<String> {
        self.exchanges.get(id).map(|number| self.numbered(*number))
    }

    /// That of the exchange with this number, from 1.
    pub(super) fn numbered(&self, number: usize) -> String {
        self.part(&format!("e{number}"))
    }
}

fn numbers(exchanges: &[Exchange]) -> HashMap<&str, usize> {
    exchanges.iter().zip(1..).map(|(exchange, number)| (exchange.id.as_str(), number)).collect()
}

fn plain(id: &str) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.') { c } else { '_' };
    id.chars().map(plain).collect()
}
