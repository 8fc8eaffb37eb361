//! Who may use which application: an allow-list of users and groups, empty to begin with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::log::{Entry, EventType};
use super::records::Records;
use super::{App, AppId, Cause, Group, GroupId, Model, ModelError, Page, PageRequest, User, UserId};

/// One application's allow-list, with the moments at which each came onto it.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    /// Hashed, since many are found in it and none in order: a check takes as long with many as with few.
    pub(super) users: HashMap<UserId, DateTime<Utc>>,
    pub(super) groups: BTreeMap<GroupId, DateTime<Utc>>,
    /// The names by which the application knows users, where it isn't their login.
    user_names: BTreeMap<UserId, String>,
    /// The groups' priorities, where they aren't 0.
    priorities: BTreeMap<GroupId, u32>,
}

impl Assigned {
    /// False when it was assigned already.
    fn assign_user(&mut self, user: &UserId, now: DateTime<Utc>) -> bool {
        !self.users.contains_key(user) && self.users.insert(user.clone(), now).is_none()
    }

    /// False when it was assigned already.
    fn assign_group(&mut self, group: &GroupId, now: DateTime<Utc>) -> bool {
        !self.groups.contains_key(group) && self.groups.insert(group.clone(), now).is_none()
    }

    pub(super) fn forget_user(&mut self, user: &UserId) -> bool {
        self.user_names.remove(user);
        self.users.remove(user).is_some()
    }

    pub(super) fn forget_group(&mut self, group: &GroupId) -> bool {
        self.priorities.remove(group);
        self.groups.remove(group).is_some()
    }
}

/// By what a user may use an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignmentScope {
    /// By an assignment of its own.
    User,
    /// By a group that it is in.
    Group(GroupId),
}

/// A user who may use an application.
#[derive(Clone, Debug)]
pub struct AppUser {
    /// Who.
    pub user: Arc<User>,
    /// By what.
    pub scope: AssignmentScope,
    /// Since when user or group has been assigned, in stage time.
    pub assigned: DateTime<Utc>,
    /// The name by which the application knows the user: the login, unless another was set.
    pub user_name: String,
}

/// A group whose members may use an application.
#[derive(Clone, Debug)]
pub struct AppGroup {
    /// Which.
    pub group: Arc<Group>,
    /// Since when, in stage time.
    pub assigned: DateTime<Utc>,
    /// Which group's values count where several groups have some; 0 is the first.
    pub priority: u32,
}

impl Model {
    /// By what the user may use the application, or nothing when it may not. Costs as much as the user has groups,
    /// however large the org is.
    pub fn assignment(&self, app: &AppId, user: &UserId) -> Option<AssignmentScope> {
        self.read().assignment(app, user).map(|(scope, _)| scope)
    }

    /// Assigns a user. Nothing happens when it is assigned already.
    ///
    /// # Errors
    /// When there is no such application or user.
    pub fn assign_user(&self, app: &AppId, user: &UserId, cause: &Cause) -> Result<(), ModelError> {
        self.change_users(app, user, true, EventType::AppUserAdd, cause)
    }

    /// Takes a user's own assignment away; a group may still let it in. Nothing happens when it has none.
    ///
    /// # Errors
    /// When there is no such application or user.
    pub fn unassign_user(&self, app: &AppId, user: &UserId, cause: &Cause) -> Result<(), ModelError> {
        self.change_users(app, user, false, EventType::AppUserRemove, cause)
    }

    /// Assigns a group. Nothing happens when it is assigned already.
    ///
    /// # Errors
    /// When there is no such application or group.
    pub fn assign_group(&self, app: &AppId, group: &GroupId, cause: &Cause) -> Result<(), ModelError> {
        self.change_groups(app, group, true, EventType::AppGroupAdd, cause)
    }

    /// Takes a group's assignment away. Nothing happens when it has none.
    ///
    /// # Errors
    /// When there is no such application or group.
    pub fn unassign_group(&self, app: &AppId, group: &GroupId, cause: &Cause) -> Result<(), ModelError> {
        self.change_groups(app, group, false, EventType::AppGroupRemove, cause)
    }

    /// Whoever may use the application, by an assignment of their own or by a group, in pages.
    ///
    /// # Errors
    /// When there is no such application.
    pub fn app_users(&self, app: &AppId, request: &PageRequest) -> Result<Page<AppUser>, ModelError> {
        let records = self.read();
        let assigned = records.assigned(app)?;
        let own = assigned.users.keys();
        let by_group = assigned.groups.keys().filter_map(|group| records.members.get(group)).flatten();
        let ids: BTreeSet<&UserId> = own.chain(by_group).collect();
        let behind = |id: &&UserId| request.after.as_deref().is_none_or(|after| id.as_str() > after);
        let users = ids.into_iter().filter(behind).filter_map(|id| records.app_user(app, id));
        Ok(request.cut(users, |user| user.user.id.to_string()))
    }

    /// One user who may use the application.
    pub fn app_user(&self, app: &AppId, user: &UserId) -> Option<AppUser> {
        self.read().app_user(app, user)
    }

    /// The groups that are assigned to the application, in pages.
    ///
    /// # Errors
    /// When there is no such application.
    pub fn app_groups(&self, app: &AppId, request: &PageRequest) -> Result<Page<AppGroup>, ModelError> {
        let records = self.read();
        let after = request.after.as_deref().map(GroupId::new);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let all = records.assigned(app)?;
        let entries = all.groups.range((from, Bound::Unbounded));
        let groups = entries.filter_map(|(id, assigned)| {
            let group = Arc::clone(records.groups.get(id)?);
            let priority = all.priorities.get(id).copied().unwrap_or_default();
            Some(AppGroup { group, assigned: *assigned, priority })
        });
        Ok(request.cut(groups, |group| group.group.id.to_string()))
    }

    /// Sets the name by which the application knows a user who may use it.
    ///
    /// # Errors
    /// When the user may not, or the name is empty or longer than 255 characters.
    pub fn set_app_user_name(
        &self,
        app: &AppId,
        user: &UserId,
        name: &str,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        if name.trim().is_empty() || name.chars().count() > 255 {
            return Err(ModelError::invalid("userName", "Must be 1 to 255 characters long"));
        }
        let mut records = self.write();
        let found = records.app_user(app, user).ok_or_else(|| ModelError::not_found("AppUser", user))?;
        let (to_app, assigned) = records.assigned_mut(app)?;
        assigned.user_names.insert(user.clone(), name.to_owned());
        drop(records);
        if found.user_name != name {
            let entry = Entry::of(EventType::AppUserChangeName).to(found.user.party()).to(to_app);
            self.log(entry, cause);
        }
        Ok(())
    }

    /// Sets the priority of a group that is assigned to an application.
    ///
    /// # Errors
    /// When it isn't, or the priority is above 100.
    pub fn set_app_group_priority(
        &self,
        app: &AppId,
        group: &GroupId,
        priority: u32,
    ) -> Result<(), ModelError> {
        if priority > 100 {
            return Err(ModelError::invalid("priority", "Must be from 0 to 100"));
        }
        let mut records = self.write();
        let (_, assigned) = records.assigned_mut(app)?;
        if !assigned.groups.contains_key(group) {
            return Err(ModelError::not_found("ApplicationGroupAssignment", group));
        }
        assigned.priorities.insert(group.clone(), priority);
        Ok(())
    }

    /// The applications that a group is assigned to, oldest first.
    pub fn apps_of_group(&self, group: &GroupId) -> Vec<Arc<App>> {
        let records = self.read();
        let assigned = |app: &&Arc<App>| {
            records.assigned.get(&app.id).is_some_and(|assigned| assigned.groups.contains_key(group))
        };
        records.apps.values().filter(assigned).map(Arc::clone).collect()
    }

    fn change_users(
        &self,
        app: &AppId,
        user: &UserId,
        assign: bool,
        event: EventType,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let now = self.now();
        let mut records = self.write();
        let to_user = records.users.get(user).ok_or_else(|| ModelError::not_found("User", user))?.party();
        let (to_app, assigned) = records.assigned_mut(app)?;
        let changed = match assign {
            true => assigned.assign_user(user, now),
            false => assigned.forget_user(user),
        };
        drop(records);
        if changed {
            self.log(Entry::of(event).to(to_user).to(to_app), cause);
        }
        Ok(())
    }

    fn change_groups(
        &self,
        app: &AppId,
        group: &GroupId,
        assign: bool,
        event: EventType,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let now = self.now();
        let mut records = self.write();
        let to_group =
            records.groups.get(group).ok_or_else(|| ModelError::not_found("UserGroup", group))?.party();
        let (to_app, assigned) = records.assigned_mut(app)?;
        let changed = match assign {
            true => assigned.assign_group(group, now),
            false => assigned.forget_group(group),
        };
        drop(records);
        if changed {
            self.log(Entry::of(event).to(to_group).to(to_app), cause);
        }
        Ok(())
    }
}

impl Records {
    pub(super) fn assignment(&self, app: &AppId, user: &UserId) -> Option<(AssignmentScope, DateTime<Utc>)> {
        let assigned = self.assigned.get(app)?;
        if let Some(since) = assigned.users.get(user) {
            return Some((AssignmentScope::User, *since));
        }
        let mut groups = self.memberships.get(user)?.iter();
        groups.find_map(|group| {
            let since = assigned.groups.get(group)?;
            Some((AssignmentScope::Group(group.clone()), *since))
        })
    }

    fn app_user(&self, app: &AppId, user: &UserId) -> Option<AppUser> {
        let (scope, assigned) = self.assignment(app, user)?;
        let user = Arc::clone(self.users.get(user)?);
        let own = self.assigned.get(app).and_then(|assigned| assigned.user_names.get(&user.id));
        let user_name = own.unwrap_or(&user.profile.login).clone();
        Some(AppUser { user, scope, assigned, user_name })
    }

    fn assigned(&self, app: &AppId) -> Result<&Assigned, ModelError> {
        self.assigned.get(app).ok_or_else(|| ModelError::not_found("AppInstance", app))
    }

    fn assigned_mut(&mut self, app: &AppId) -> Result<(super::Party, &mut Assigned), ModelError> {
        let missing = || ModelError::not_found("AppInstance", app);
        let party = self.apps.get(app).ok_or_else(missing)?.party();
        Ok((party, self.assigned.get_mut(app).ok_or_else(missing)?))
    }
}
