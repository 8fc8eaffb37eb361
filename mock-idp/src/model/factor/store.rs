//! Where factors are kept, by id and by user.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::Factor;
use super::attempt::Failures;
use super::push::Pushes;
use super::signed_nonce::Nonces;
use super::webauthn::Challenges;
use crate::model::{FactorId, UserId};

/// All factors, and what users' proofs came to.
#[derive(Debug, Default)]
pub(in crate::model) struct Factors {
    by_id: HashMap<FactorId, Arc<Factor>>,
    by_user: HashMap<UserId, Holder>,
    pub(super) pushes: Pushes,
    pub(super) challenges: Challenges,
    pub(super) nonces: Nonces,
    /// Told when a factor or a notification changes, for those who wait for that.
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Holder {
    /// Oldest first.
    factors: Vec<FactorId>,
    failures: Failures,
}

impl Factors {
    pub(super) fn find(&self, id: &FactorId) -> Option<&Arc<Factor>> {
        self.by_id.get(id)
    }

    /// The factor that this is true of.
    pub(super) fn find_where(&self, wanted: impl Fn(&Factor) -> bool) -> Option<FactorId> {
        self.by_id.values().find(|factor| wanted(factor)).map(|factor| factor.id.clone())
    }

    /// Who is told when a factor or a notification changes.
    pub(super) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Until when none of this user's proofs is taken.
    pub(super) fn blocked_until(&self, user: &UserId, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.by_user.get(user).and_then(|holder| holder.failures.blocked_until(now))
    }

    /// The factor, with its user's failures.
    pub(super) fn find_mut(&mut self, id: &FactorId) -> Option<(&mut Arc<Factor>, &mut Failures)> {
        let factor = self.by_id.get_mut(id)?;
        let holder = self.by_user.get_mut(&factor.user)?;
        Some((factor, &mut holder.failures))
    }

    /// A user's factors, oldest first.
    pub(super) fn of(&self, user: &UserId) -> impl Iterator<Item = &Arc<Factor>> {
        let ids = self.by_user.get(user).map_or(&[][..], |holder| &holder.factors);
        ids.iter().filter_map(|id| self.by_id.get(id))
    }

    pub(super) fn add(&mut self, factor: Factor) -> Arc<Factor> {
        let factor = Arc::new(factor);
        self.by_user.entry(factor.user.clone()).or_default().factors.push(factor.id.clone());
        self.by_id.insert(factor.id.clone(), Arc::clone(&factor));
        factor
    }

    pub(super) fn remove(&mut self, id: &FactorId) -> Option<Arc<Factor>> {
        let factor = self.by_id.remove(id)?;
        if let Some(holder) = self.by_user.get_mut(&factor.user) {
            holder.factors.retain(|held| held != id);
        }
        self.changed.notify_waiters();
        Some(factor)
    }

    /// Forgets a user's factors and failures, and says how many factors there were.
    pub(in crate::model) fn forget_user(&mut self, user: &UserId) -> usize {
        let Some(holder) = self.by_user.remove(user) else { return 0 };
        for id in &holder.factors {
            self.by_id.remove(id);
        }
        self.changed.notify_waiters();
        holder.factors.len()
    }
}
