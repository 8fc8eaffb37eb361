//! Groups of users.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::log::{Entry, EventType};
use super::records::Records;
use super::{Cause, GroupId, Model, ModelError, Page, PageRequest, Party, User, UserId};

/// A group as of the moment it was read. Who is in it, [`Model::members`] says.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its identifier.
    pub id: GroupId,
    /// Its name, unique in the org.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Whether people may change it.
    pub kind: GroupKind,
    /// When it was made, in stage time as all of these.
    pub created: DateTime<Utc>,
    /// When name or description last changed.
    pub last_updated: DateTime<Utc>,
    /// When somebody last came or left.
    pub membership_updated: DateTime<Utc>,
}

/// Who keeps a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupKind {
    /// The org's people.
    OktaGroup,
    /// The org itself: Everyone.
    BuiltIn,
}

impl Group {
    pub(super) fn everyone(id: GroupId, now: DateTime<Utc>) -> Self {
        let description = "All users in your organization".to_owned();
        let (name, kind) = ("Everyone".to_owned(), GroupKind::BuiltIn);
        Self { id, name, description, kind, created: now, last_updated: now, membership_updated: now }
    }

    pub(crate) fn party(&self) -> Party {
        Party::new("UserGroup", &self.id, "unknown", &self.name)
    }
}

impl Model {
    /// Makes a group.
    ///
    /// # Errors
    /// When the name is empty, longer than 255 characters, or another group's.
    pub fn create_group(
        &self,
        name: &str,
        description: &str,
        cause: &Cause,
    ) -> Result<Arc<Group>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        records.check_group_name(name, None)?;
        let group = Arc::new(Group {
            id: GroupId::mint(self.minting(), now),
            name: name.to_owned(),
            description: description.to_owned(),
            kind: GroupKind::OktaGroup,
            created: now,
            last_updated: now,
            membership_updated: now,
        });
        records.groups.insert(group.id.clone(), Arc::clone(&group));
        records.members.insert(group.id.clone(), BTreeSet::new());
        drop(records);
        self.log(Entry::of(EventType::GroupCreate).to(group.party()), cause);
        Ok(group)
    }

    /// The group of this id.
    pub fn group(&self, id: &GroupId) -> Option<Arc<Group>> {
        self.read().groups.get(id).map(Arc::clone)
    }

    /// The group of this name.
    pub fn group_by_name(&self, name: &str) -> Option<Arc<Group>> {
        self.read().groups.values().find(|group| group.name == name).map(Arc::clone)
    }

    /// Those groups that `chosen` accepts, in pages.
    pub fn groups(&self, request: &PageRequest, chosen: impl Fn(&Group) -> bool) -> Page<Arc<Group>> {
        let after = request.after.as_deref().map(GroupId::new);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.read();
        let groups = records.groups.range((from, Bound::Unbounded)).map(|(_, group)| group);
        request.cut(groups.filter(|group| chosen(group)).map(Arc::clone), |group| group.id.to_string())
    }

    /// Gives the group another name and description.
    ///
    /// # Errors
    /// When there is no such group, it is built in, or the name is not acceptable.
    pub fn update_group(
        &self,
        id: &GroupId,
        name: &str,
        description: &str,
        cause: &Cause,
    ) -> Result<Arc<Group>, ModelError> {
        let now = self.now();
        let mut records = self.write();
        records.own_group(id)?;
        records.check_group_name(name, Some(id))?;
        let group = records.groups.get_mut(id).ok_or_else(|| missing(id))?;
        let inner = Arc::make_mut(group);
        inner.name = name.to_owned();
        inner.description = description.to_owned();
        inner.last_updated = now;
        let group = Arc::clone(group);
        drop(records);
        self.log(Entry::of(EventType::GroupUpdate).to(group.party()), cause);
        Ok(group)
    }

    /// Deletes a group, its assignments with it.
    ///
    /// # Errors
    /// When there is no such group, or it is built in.
    pub fn delete_group(&self, id: &GroupId, cause: &Cause) -> Result<(), ModelError> {
        let mut records = self.write();
        let party = records.own_group(id)?.party();
        records.groups.remove(id);
        for user in records.members.remove(id).unwrap_or_default() {
            if let Some(groups) = records.memberships.get_mut(&user) {
                groups.remove(id);
            }
        }
        for assigned in records.assigned.values_mut() {
            assigned.forget_group(id);
        }
        drop(records);
        self.log(Entry::of(EventType::GroupDelete).to(party), cause);
        Ok(())
    }

    /// Puts a user into a group. Nothing happens when it is in already.
    ///
    /// # Errors
    /// When there is no such group or user, or the group is built in.
    pub fn add_to_group(&self, group: &GroupId, user: &UserId, cause: &Cause) -> Result<(), ModelError> {
        self.change_membership(group, user, true, EventType::GroupMemberAdd, cause)
    }

    /// Takes a user out of a group. Nothing happens when it isn't in.
    ///
    /// # Errors
    /// When there is no such group or user, or the group is built in.
    pub fn remove_from_group(&self, group: &GroupId, user: &UserId, cause: &Cause) -> Result<(), ModelError> {
        self.change_membership(group, user, false, EventType::GroupMemberRemove, cause)
    }

    /// Who is in a group, in pages.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn members(&self, id: &GroupId, request: &PageRequest) -> Result<Page<Arc<User>>, ModelError> {
        let records = self.read();
        let members = records.members.get(id).ok_or_else(|| missing(id))?;
        let after = request.after.as_deref().map(UserId::new);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let ids = members.range((from, Bound::Unbounded));
        let users = ids.filter_map(|user| records.users.get(user)).map(Arc::clone);
        Ok(request.cut(users, |user| user.id.to_string()))
    }

    /// The groups that a user is in, oldest first; Everyone among them.
    pub fn groups_of(&self, user: &UserId) -> Vec<Arc<Group>> {
        let records = self.read();
        let ids = records.memberships.get(user).into_iter().flatten();
        ids.filter_map(|id| records.groups.get(id)).map(Arc::clone).collect()
    }

    fn change_membership(
        &self,
        id: &GroupId,
        user: &UserId,
        member: bool,
        event: EventType,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let now = self.now();
        let mut records = self.write();
        let to_group = records.own_group(id)?.party();
        let to_user = records.users.get(user).ok_or_else(|| ModelError::not_found("User", user))?.party();
        let members = records.members.entry(id.clone()).or_default();
        let changed = if member { members.insert(user.clone()) } else { members.remove(user) };
        if !changed {
            return Ok(());
        }
        let groups = records.memberships.entry(user.clone()).or_default();
        let _ = if member { groups.insert(id.clone()) } else { groups.remove(id) };
        if let Some(group) = records.groups.get_mut(id) {
            Arc::make_mut(group).membership_updated = now;
        }
        drop(records);
        self.log(Entry::of(event).to(to_user).to(to_group), cause);
        Ok(())
    }
}

impl Records {
    fn own_group(&self, id: &GroupId) -> Result<&Group, ModelError> {
        match self.groups.get(id) {
            Some(group) if group.kind == GroupKind::BuiltIn => Err(ModelError::BuiltInGroup),
            Some(group) => Ok(group),
            None => Err(missing(id)),
        }
    }

    fn check_group_name(&self, name: &str, except: Option<&GroupId>) -> Result<(), ModelError> {
        if name.trim().is_empty() || name.chars().count() > 255 {
            return Err(ModelError::invalid("name", "Must be 1 to 255 characters long"));
        }
        let taken = self.groups.values().any(|group| group.name == name && Some(&group.id) != except);
        if taken {
            let reason = "An object with this field already exists in the current organization";
            return Err(ModelError::invalid("name", reason));
        }
        Ok(())
    }
}

fn missing(id: &GroupId) -> ModelError {
    ModelError::not_found("UserGroup", id)
}
