//! How factors come and go.

use std::sync::Arc;

use super::{Credential, Factor, FactorKind, FactorRefusal, FactorStatus};
use crate::model::log::{Entry, EventType};
use crate::model::{Cause, FactorId, Model, ModelError, UserId, UserStatus};

impl FactorKind {
    /// How many factors of this kind a user may have.
    pub(in crate::model) fn limit(self) -> usize {
        match self {
            Self::Totp | Self::Push => 1,
            Self::WebAuthn | Self::SignedNonce => 10,
        }
    }
}

impl Model {
    /// A user's factors, oldest first, those included that wait to be activated.
    pub fn factors_of(&self, user: &UserId) -> Vec<Arc<Factor>> {
        self.factors().of(user).map(Arc::clone).collect()
    }

    /// The factor of this id.
    pub fn factor(&self, id: &FactorId) -> Option<Arc<Factor>> {
        self.factors().find(id).map(Arc::clone)
    }

    /// Takes a factor away from its user.
    ///
    /// # Errors
    /// When there is no such factor.
    pub fn remove_factor(&self, id: &FactorId, cause: &Cause) -> Result<(), ModelError> {
        let removed = self.factors().remove(id).ok_or_else(|| ModelError::not_found("UserFactor", id))?;
        if removed.status == FactorStatus::Active {
            self.log_factor(EventType::FactorDeactivate, &removed, cause);
        }
        Ok(())
    }

    /// Takes all factors away from a user, who then enrols anew: an administrator's remedy.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn reset_factors(&self, user: &UserId, cause: &Cause) -> Result<(), ModelError> {
        let party = self.user(user).ok_or_else(|| ModelError::not_found("User", user))?.party();
        let removed = self.factors().forget_user(user);
        self.log(Entry::of(EventType::FactorResetAll).to(party).with("factors", removed), cause);
        Ok(())
    }

    /// Makes a factor that waits to be activated. It takes the place of another of its kind that waits.
    pub(super) fn enroll(
        &self,
        user: &UserId,
        name: Option<String>,
        credential: Credential,
    ) -> Result<Arc<Factor>, ModelError> {
        let holder = self.user(user).ok_or_else(|| ModelError::not_found("User", user))?;
        if holder.status == UserStatus::Deprovisioned {
            return Err(ModelError::Unsuitable("The user is deactivated"));
        }
        let now = self.now();
        let kind = credential.kind();
        let id = FactorId::mint(kind, self.minting(), now);
        let (user, status) = (user.clone(), FactorStatus::PendingActivation);
        let (created, last_updated) = (now, now);
        let mut factors = self.factors();
        let of_kind = || factors.of(&user).filter(|factor| factor.kind() == kind);
        if of_kind().filter(|factor| factor.status == FactorStatus::Active).count() >= kind.limit() {
            return Err(ModelError::Unsuitable("A factor of this type is already set up."));
        }
        let waiting = of_kind().find(|factor| factor.status == status).map(|factor| factor.id.clone());
        if let Some(waiting) = waiting {
            factors.remove(&waiting);
        }
        Ok(factors.add(Factor {
            id,
            user,
            status,
            name,
            created,
            last_updated,
            last_verified: None,
            credential,
        }))
    }

    /// Waits until a factor is active; needs Tokio's timer. None when it is taken away or its QR code has expired.
    pub async fn factor_activated(&self, id: &FactorId) -> Option<Arc<Factor>> {
        let changed = self.factors().changed();
        loop {
            // Made before the factor is read, so that no change in between is missed.
            let next = changed.notified();
            let factor = self.factor(id)?;
            match (factor.status, factor.enrolment_expires()) {
                (FactorStatus::Active, _) => return Some(factor),
                (_, Some(expires)) if expires <= self.now() => return None,
                (_, Some(expires)) => tokio::select! {
                    () = next => (),
                    () = self.clock().reached(expires) => (),
                },
                (_, None) => next.await,
            }
        }
    }

    /// Activates a waiting factor if the check finds that it works.
    pub(super) fn activate(
        &self,
        id: &FactorId,
        cause: &Cause,
        check: impl FnOnce(&mut Factor) -> Result<(), FactorRefusal>,
    ) -> Result<Arc<Factor>, FactorRefusal> {
        let now = self.now();
        let mut factors = self.factors();
        let (factor, _) = factors.find_mut(id).ok_or(FactorRefusal::NotFound)?;
        if factor.status == FactorStatus::Active {
            return Err(FactorRefusal::AlreadyActive);
        }
        let mut changed = Factor::clone(factor);
        check(&mut changed)?;
        changed.status = FactorStatus::Active;
        changed.last_updated = now;
        *factor = Arc::new(changed);
        let activated = Arc::clone(factor);
        factors.changed().notify_waiters();
        drop(factors);
        self.log_factor(EventType::FactorActivate, &activated, cause);
        Ok(activated)
    }

    fn log_factor(&self, event: EventType, factor: &Factor, cause: &Cause) {
        let user = self.user(&factor.user).map(|user| user.party());
        let entry = user.into_iter().fold(Entry::of(event), Entry::to).to(factor.party());
        self.log(entry.with("factor", factor.kind().log_name()), cause);
    }
}
