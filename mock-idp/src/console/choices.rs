//! A list of things that can be chosen, as check boxes.

use std::collections::BTreeSet;
use std::fmt::Display;

/// The list as a form shows it.
pub(super) struct Choices {
    /// What the form calls each.
    pub(super) name: &'static str,
    pub(super) legend: &'static str,
    pub(super) hint: &'static str,
    pub(super) items: Vec<Item>,
    pub(super) wrong: Option<String>,
}

/// One thing of it.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

impl Choices {
    /// All of these, by id and name. What is chosen and isn't among them any more can still be taken off.
    pub(super) fn of<T: Ord + Display>(
        (name, legend, hint): (&'static str, &'static str, &'static str),
        all: impl IntoIterator<Item = (T, String)>,
        chosen: &BTreeSet<T>,
    ) -> Self {
        let mut missing: BTreeSet<&T> = chosen.iter().collect();
        let mut items = Vec::new();
        for (id, name) in all {
            let chosen = missing.remove(&id);
            items.push(Item { id: id.to_string(), name, chosen });
        }
        items.extend(missing.into_iter().map(|id| Item {
            id: id.to_string(),
            name: format!("{id} (there no longer)"),
            chosen: true,
        }));
        Self { name, legend, hint, items, wrong: None }
    }

    /// The same, with what was wrong about it.
    pub(super) fn refused(self, wrong: Option<&str>) -> Self {
        Self { wrong: wrong.map(str::to_owned), ..self }
    }
}
