//! What rules do to a request's headers. Rules see each change at once; the upstream gets them on top of what the edge
//! makes of the client's headers, so that neither a client can forge them nor the edge take them away.

use http::header::{HeaderMap, HeaderName};
use policy::ActionResult;
use policy::action::{Added, RemoveHeaders};

/// Changes of headers, in their order.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// The headers as they came, once something was changed.
    before: Option<HeaderMap>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Add(Added),
    Remove(RemoveHeaders),
}

impl Edits {
    pub(super) fn add(&mut self, added: Added, headers: &mut HeaderMap) -> ActionResult {
        self.remember(headers);
        let result = added.clone().apply(headers);
        self.changes.push(Change::Add(added));
        result
    }

    pub(super) fn remove(&mut self, removed: &RemoveHeaders, headers: &mut HeaderMap) -> ActionResult {
        self.remember(headers);
        let result = removed.apply(headers);
        self.changes.push(Change::Remove(removed.clone()));
        result
    }

    fn remember(&mut self, headers: &HeaderMap) {
        self.before.get_or_insert_with(|| headers.clone());
    }

    /// The headers as they came, without the changes.
    pub(crate) fn take_back(&mut self, headers: &mut HeaderMap) {
        if let Some(before) = self.before.take() {
            *headers = before;
        }
    }

    /// Does the changes, to headers that are ready for the upstream.
    pub(crate) fn apply(self, headers: &mut HeaderMap) {
        for change in self.changes {
            match change {
                Change::Remove(removed) => drop(removed.apply(headers)),
                Change::Add(added) => {
                    let mut ours = HeaderMap::new();
                    added.clone().apply(&mut ours);
                    remove_disguised(headers, &ours);
                    added.apply(headers);
                }
            }
        }
    }
}

/// Takes out what an upstream that folds punctuation together would take for one of `ours`.
fn remove_disguised(headers: &mut HeaderMap, ours: &HeaderMap) {
    let folded = |name: &HeaderName| name.as_str().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let names: Vec<String> = ours.keys().map(folded).collect();
    let disguised = |name: &&HeaderName| !ours.contains_key(*name) && names.contains(&folded(name));
    let unwanted: Vec<HeaderName> = headers.keys().filter(disguised).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}
