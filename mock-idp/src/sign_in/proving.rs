//! What a person gives as proof, and what becomes of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::Secret;
use serde_json::Value;

use super::alert::Alert;
use super::log;
use super::pending::{Destination, SignIn};
use super::task::Task;
use crate::device::NonceAnswer;
use crate::model::{
    Actor, Assertion, Attestation, AuthenticationMethod, Cause, Characteristics, Entry, EventType, Factor,
    FactorKind, FactorRefusal, FactorStatus, ModelError, PushState, SignInRefusal, User, Verification,
    are_two_factors,
};
use crate::site::Site;
use crate::web::Visit;

impl SignIn {
    /// Takes the password of somebody whose name is known.
    pub(crate) fn give_password(&mut self, site: &Site, visit: &Visit, password: &Secret) {
        let Some(user) = self.user.as_ref().and_then(|user| site.model.user(user)) else { return };
        match site.model.verify_password(&user.profile.login, password, &self.cause(visit)) {
            Ok(user) => self.proved_password(site, visit, &user),
            Err(why) => self.refused(site, visit, Some(password), why),
        }
    }

    /// Has a password that has expired changed after everything else, as Okta's Classic Engine does, and not at once.
    pub(crate) fn change_password_last(&mut self, site: &Site, visit: &Visit) {
        let Some(Task::NewPassword { user, old }) = &self.task else { return };
        let Some(user) = site.model.user(user) else { return };
        if self.user.as_ref() != Some(&user.id) {
            self.proofs.clear();
        }
        self.user = Some(user.id.clone());
        self.expired = Some(old.clone());
        self.proved_password(site, visit, &user);
    }

    /// Takes a new password from somebody who has given the one that has expired, and gives it again where a face asks
    /// for that.
    pub(crate) fn give_new_password(
        &mut self,
        site: &Site,
        visit: &Visit,
        again: Option<&Secret>,
        new: &Secret,
    ) {
        let Some(Task::NewPassword { user, old }) = self.task.clone() else { return };
        let cause = visit.cause(Actor::User(user.clone()));
        match site.model.change_password(&user, again.unwrap_or(&old), new, &cause) {
            Ok(user) => {
                if self.user.as_ref() != Some(&user.id) {
                    self.proofs.clear();
                }
                self.user = Some(user.id.clone());
                self.expired = None;
                self.proved_password(site, visit, &user);
            }
            Err(ModelError::Invalid { reason, .. } | ModelError::PasswordNotTaken(reason)) => {
                self.alert = Some(Alert::NewPassword(reason));
            }
            Err(refusal) => self.alert = Some(Alert::NewPassword(refusal.to_string())),
        }
    }

    /// Takes a code for the factor that is asked for or being enrolled.
    pub(crate) fn give_code(&mut self, site: &Site, visit: &Visit, code: &str) {
        let cause = self.cause(visit);
        match &self.task {
            Some(Task::Code(factor)) => {
                let proof = site.model.verify_totp(factor, code, &cause);
                self.take(site, proof.map(Verification::from));
            }
            Some(Task::EnrollTotp { factor, .. }) => {
                let made = site.model.activate_totp(factor, code, &cause);
                self.take_enrolment(site, FactorKind::Totp, made);
            }
            _ => {}
        }
    }

    /// Takes what a security key made: of a challenge, or to be enrolled.
    pub(crate) fn give_credential(&mut self, site: &Site, visit: &Visit, credential: &Value) {
        let (party, cause) = (site.relying_party(), self.cause(visit));
        match &self.task {
            Some(Task::WebAuthn { challenge, .. }) => {
                let proof = Assertion::of_json(credential).and_then(|assertion| {
                    site.model.finish_webauthn(&challenge.challenge, &party, &assertion, &cause)
                });
                self.take(site, proof.map(Verification::from));
                self.ask_again(site, visit);
            }
            Some(Task::EnrollWebAuthn { factor, .. }) => {
                let made = Attestation::of_json(credential).and_then(|attestation| {
                    site.model.finish_webauthn_enrolment(factor, &party, &attestation, &cause)
                });
                self.take_enrolment(site, FactorKind::WebAuthn, made);
            }
            _ => {}
        }
    }

    /// Takes the nonce that the device beside the browser signed; none where what came is not of that form.
    pub(crate) fn give_signed_nonce(&mut self, site: &Site, visit: &Visit, answer: Option<&NonceAnswer>) {
        let Some(Task::SignedNonce { challenge, .. }) = &self.task else { return };
        let proof = match answer {
            Some(answer) if answer.nonce == challenge.nonce => {
                site.model.finish_signed_nonce(answer, &site.names.org_url(), &self.cause(visit))
            }
            Some(_) => Err(FactorRefusal::WrongChallenge),
            None => Err(FactorRefusal::Malformed),
        };
        self.take(site, proof.map(Verification::from));
        self.ask_again(site, visit);
    }

    /// Takes up what the device has done meanwhile: answered a notification, or enrolled.
    pub(crate) fn look_at_device(&mut self, site: &Site) {
        match &self.task {
            Some(Task::Push { push, .. }) => match site.model.push(push).map(|push| push.state) {
                Some(PushState::Waiting) => {}
                Some(PushState::Approved(proof)) => self.proved(site, proof.into()),
                Some(PushState::Rejected) => self.alert = Some(Alert::PushRejected),
                Some(PushState::TimedOut) | None => self.alert = Some(Alert::PushTimedOut),
            },
            Some(task @ Task::EnrollPush { factor, .. }) if !task.awaits_device(site) => {
                match site.model.factor(factor) {
                    Some(factor) if factor.status == FactorStatus::Active => {
                        self.take_enrolment(site, FactorKind::Push, Ok(factor));
                    }
                    _ => (self.task, self.alert) = (None, Some(Alert::QrCodeExpired)),
                }
            }
            _ => {}
        }
    }

    /// Sends a notification again that was rejected or not answered in time.
    pub(crate) fn resend(&mut self, site: &Site, visit: &Visit) {
        let (Some(task), Some(user)) = (&self.task, &self.user) else { return };
        if matches!(task, Task::Push { .. }) && !task.awaits_device(site) {
            match task.anew(site, visit, user) {
                Ok(task) => (self.task, self.alert) = (Some(task), None),
                Err(alert) => self.alert = Some(alert),
            }
        }
    }

    /// A challenge is answered once: whoever failed gets another.
    fn ask_again(&mut self, site: &Site, visit: &Visit) {
        let (Some(task), Some(user)) = (&self.task, &self.user) else { return };
        match task.anew(site, visit, user) {
            Ok(task) => self.task = Some(task),
            Err(alert) => (self.task, self.alert) = (None, Some(alert)),
        }
    }

    fn take(&mut self, site: &Site, proof: Result<Verification, FactorRefusal>) {
        match proof {
            Ok(proof) => self.proved(site, proof),
            Err(refusal) => self.alert = Some(refusal.into()),
        }
    }

    /// Whoever has set something up has just shown that it works.
    fn take_enrolment(&mut self, site: &Site, kind: FactorKind, made: Result<Arc<Factor>, FactorRefusal>) {
        if let (Ok(_), Destination::SecurityMethods { set_up }) = (&made, &mut self.destination) {
            *set_up = None;
        }
        self.take(site, made.map(|_| shown_by_enrolling(kind, site.now())));
    }

    pub(super) fn proved_password(&mut self, site: &Site, visit: &Visit, user: &User) {
        let cause = visit.cause(Actor::User(user.id.clone()));
        site.model.log(Entry::of(EventType::Verify).to(user.party()), &cause);
        let method = AuthenticationMethod::Password;
        self.proved(
            site,
            Verification { method, at: site.now(), characteristics: Characteristics::default() },
        );
    }

    fn proved(&mut self, site: &Site, proof: Verification) {
        self.task = None;
        self.alert = None;
        self.proofs.retain(|old| old.method != proof.method);
        self.proofs.push(proof);
        if let (Some(user), Some(browser)) = (&self.user, self.browser)
            && are_two_factors(&self.proofs)
        {
            site.model.note_two_factors(user, browser);
        }
    }

    pub(super) fn refused(&mut self, site: &Site, visit: &Visit, given: Option<&Secret>, why: SignInRefusal) {
        // Whoever has proved that the old password is theirs may change it.
        (self.task, self.alert) = match (&why, given) {
            (SignInRefusal::PasswordExpired(user), Some(old)) => {
                (Some(Task::NewPassword { user: user.clone(), old: old.clone() }), None)
            }
            _ => (None, Some(Alert::NotSignedIn)),
        };
        log::refusal(site, visit, &self.username, why);
    }

    fn cause(&self, visit: &Visit) -> Cause {
        visit.cause(match &self.user {
            Some(user) => Actor::User(user.clone()),
            None => Actor::Unknown { login: self.username.clone() },
        })
    }
}

/// What an enrolment shows; more isn't known of the authenticator yet.
fn shown_by_enrolling(kind: FactorKind, at: DateTime<Utc>) -> Verification {
    let characteristics = Characteristics {
        user_presence: true,
        phishing_resistant: kind == FactorKind::WebAuthn,
        device_bound: true,
        ..Characteristics::default()
    };
    Verification { method: AuthenticationMethod::Factor(kind), at, characteristics }
}
