//! An account's tunnel groups: made, changed, taken away.

use super::state::GroupEntry;
use super::{Account, BackendId, GroupChange, Labels, ModelError, Route, TunnelGroup, limits};
use crate::code::{Code, Refusal};

impl Account {
    /// All tunnel groups, oldest first.
    pub fn groups(&self) -> Vec<TunnelGroup> {
        self.model.lock().groups_of(&self.id).cloned().collect()
    }

    /// One tunnel group.
    pub fn group(&self, id: &BackendId) -> Result<TunnelGroup, ModelError> {
        self.model.lock().group(&self.id, id).cloned()
    }

    /// Makes a tunnel group.
    pub fn create_group(&self, change: GroupChange) -> Result<TunnelGroup, ModelError> {
        let mut group = TunnelGroup {
            id: BackendId::random(),
            created_at: self.model.now(),
            description: String::new(),
            metadata: String::new(),
            labels: Labels::new(),
        };
        apply(&mut group, change)?;
        self.model.change(|state| {
            state.account(&self.id)?;
            state.groups.push(GroupEntry { account: self.id.clone(), group: group.clone() });
            Ok(group)
        })
    }

    /// Changes a tunnel group.
    pub fn update_group(&self, id: &BackendId, change: GroupChange) -> Result<TunnelGroup, ModelError> {
        self.model.change(|state| {
            let mut group = state.group(&self.id, id)?.clone();
            apply(&mut group, change)?;
            for entry in state.groups.iter_mut().filter(|entry| entry.group.id == *id) {
                entry.group.clone_from(&group);
            }
            Ok(group)
        })
    }

    /// Takes a tunnel group away that no route leads to.
    pub fn delete_group(&self, id: &BackendId) -> Result<(), ModelError> {
        self.model.change(|state| {
            state.group(&self.id, id)?;
            let leads_here = |route: &&Route| route.backend.as_ref().is_some_and(|backend| backend.id == *id);
            let user = state.edges_of(&self.id).flat_map(|entry| &entry.edge.routes).find(leads_here);
            if let Some(route) = user {
                let reason =
                    format!("the route {} still leads to {id}; take its backend away first", route.id);
                return Err(ModelError::Refused(Refusal::new(Code::NO_SUCH_RESOURCE, reason)));
            }
            state.groups.retain(|entry| entry.group.id != *id);
            Ok(())
        })
    }
}

fn apply(group: &mut TunnelGroup, change: GroupChange) -> Result<(), ModelError> {
    if let Some(description) = change.description {
        group.description = limits::description(description)?;
    }
    if let Some(metadata) = change.metadata {
        group.metadata = limits::metadata(metadata)?;
    }
    if let Some(labels) = change.labels {
        group.labels = limits::labels(labels)?;
    }
    Ok(())
}
