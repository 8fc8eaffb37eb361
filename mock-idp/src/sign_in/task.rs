//! What a person does on the way through a sign-in: gives a proof, or enrols what proofs are given with.

use std::sync::Arc;

use ground::Secret;
use serde_json::Value;

use super::alert::Alert;
use crate::model::{
    Actor, AuthenticationMethod, Factor, FactorId, FactorKind, FactorStatus, NonceChallenge, PushId,
    PushState, PushTransaction, Step, UserId, UserVerification, WebAuthnChallenge,
};
use crate::site::Site;
use crate::web::Visit;

/// What a person does on the way.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// Gives the password.
    Password,
    /// Changes the password of this user, which has expired and has just been given.
    NewPassword { user: UserId, old: Secret },
    /// Gives a code of this factor's.
    Code(FactorId),
    /// Answers a push notification on the factor's device.
    Push { factor: FactorId, push: PushId },
    /// Uses a security key or a passkey.
    WebAuthn { challenge: WebAuthnChallenge, verification: UserVerification },
    /// Has the device beside the browser sign a nonce: the simulation of FastPass.
    SignedNonce { challenge: NonceChallenge, verification: UserVerification },
    /// Enters this key into an authenticator app, and gives a first code.
    EnrollTotp {
        factor: FactorId,
        key: Secret,
        /// The same as a QR code gives it.
        uri: Secret,
    },
    /// Has a device take up what the QR code says.
    EnrollPush { factor: FactorId, uri: Secret },
    /// Makes a credential with a security key or a passkey, as these options of WebAuthn say.
    EnrollWebAuthn { factor: FactorId, options: Value },
}

impl Task {
    /// Begins the proof that was chosen.
    pub(super) fn prove(site: &Site, visit: &Visit, user: &UserId, step: Step) -> Result<Self, Alert> {
        let kind = match step.method {
            AuthenticationMethod::Password => return Ok(Self::Password),
            AuthenticationMethod::Factor(kind) => kind,
        };
        let verification = match step.user_verification {
            true => UserVerification::Required,
            false => UserVerification::Preferred,
        };
        match kind {
            FactorKind::Totp => Ok(Self::Code(active(site, user, kind)?.id.clone())),
            FactorKind::Push => {
                let factor = active(site, user, kind)?.id.clone();
                let push = send(site, visit, user, &factor)?.id;
                Ok(Self::Push { factor, push })
            }
            FactorKind::WebAuthn => {
                let party = site.relying_party();
                let challenge = site.model.begin_webauthn(user, None, &party, verification)?;
                Ok(Self::WebAuthn { challenge, verification })
            }
            FactorKind::SignedNonce => {
                let challenge = site.model.begin_signed_nonce(user)?;
                Ok(Self::SignedNonce { challenge, verification })
            }
        }
    }

    /// Begins the enrolment that was chosen.
    pub(super) fn enroll(site: &Site, user: &UserId, kind: FactorKind) -> Result<Self, Alert> {
        match kind {
            FactorKind::Totp => {
                let enrolment = site.model.enroll_totp(user, &site.names.host)?;
                let (factor, key, uri) = (enrolment.factor.id.clone(), enrolment.secret, enrolment.uri);
                Ok(Self::EnrollTotp { factor, key, uri })
            }
            FactorKind::Push => {
                let enrolment = site.model.enroll_push(user, &site.names.org_url())?;
                Ok(Self::EnrollPush { factor: enrolment.factor.id.clone(), uri: enrolment.uri })
            }
            FactorKind::WebAuthn => {
                let party = site.relying_party();
                let enrolment =
                    site.model.begin_webauthn_enrolment(user, &party, UserVerification::Preferred)?;
                Ok(Self::EnrollWebAuthn { factor: enrolment.factor.id.clone(), options: enrolment.options })
            }
            // Its device enrols itself: no policy offers it here.
            FactorKind::SignedNonce => Err(Alert::NotOffered),
        }
    }

    /// The same proof, asked for anew.
    pub(super) fn anew(&self, site: &Site, visit: &Visit, user: &UserId) -> Result<Self, Alert> {
        let verification = match self {
            Self::WebAuthn { verification, .. } | Self::SignedNonce { verification, .. } => *verification,
            _ => UserVerification::Preferred,
        };
        let user_verification = verification == UserVerification::Required;
        let step = self.method().map(|method| Step { method, user_verification });
        Self::prove(site, visit, user, step.ok_or(Alert::NotOffered)?)
    }

    /// By what it proves who somebody is, if it does.
    pub(crate) fn method(&self) -> Option<AuthenticationMethod> {
        match self {
            Self::Password => Some(AuthenticationMethod::Password),
            Self::Code(_) => Some(AuthenticationMethod::Factor(FactorKind::Totp)),
            Self::Push { .. } => Some(AuthenticationMethod::Factor(FactorKind::Push)),
            Self::WebAuthn { .. } => Some(AuthenticationMethod::Factor(FactorKind::WebAuthn)),
            Self::SignedNonce { .. } => Some(AuthenticationMethod::Factor(FactorKind::SignedNonce)),
            Self::NewPassword { .. }
            | Self::EnrollTotp { .. }
            | Self::EnrollPush { .. }
            | Self::EnrollWebAuthn { .. } => None,
        }
    }

    /// What it enrols, if it does.
    pub(crate) fn enrolled(&self) -> Option<FactorKind> {
        match self {
            Self::EnrollTotp { .. } => Some(FactorKind::Totp),
            Self::EnrollPush { .. } => Some(FactorKind::Push),
            Self::EnrollWebAuthn { .. } => Some(FactorKind::WebAuthn),
            _ => None,
        }
    }

    /// Whether it is the device's turn: nothing is to be expected of the browser.
    pub(crate) fn awaits_device(&self, site: &Site) -> bool {
        match self {
            Self::Push { push, .. } => {
                site.model.push(push).is_some_and(|push| push.state == PushState::Waiting)
            }
            Self::EnrollPush { factor, .. } => site.model.factor(factor).is_some_and(|factor| {
                factor.status == FactorStatus::PendingActivation
                    && factor.enrolment_expires().is_some_and(|expires| expires > site.now())
            }),
            _ => false,
        }
    }
}

fn active(site: &Site, user: &UserId, kind: FactorKind) -> Result<Arc<Factor>, Alert> {
    let factors = site.model.factors_of(user).into_iter();
    let mut active = factors.filter(|factor| factor.status == FactorStatus::Active);
    active.find(|factor| factor.kind() == kind).ok_or(Alert::NotOffered)
}

fn send(site: &Site, visit: &Visit, user: &UserId, factor: &FactorId) -> Result<PushTransaction, Alert> {
    let cause = visit.cause(Actor::User(user.clone()));
    Ok(site.model.begin_push(factor, site.model.number_challenge().is_on(), &cause)?)
}
