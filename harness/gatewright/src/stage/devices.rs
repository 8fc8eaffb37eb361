//! What people prove themselves with: the app on a person's device, and what is enrolled already when a scenario begins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use ground::Secret;
use mock_idp::device::{
    Decision, Device, DeviceIdentity, Gesture, NonceAnswer, PushAnswer, PushChallenge, ScanError, Scanned,
    SecurityKey,
};
use mock_idp::model::{Cause, UserId, UserVerification};
use url::Url;

use super::SetError;
use super::world::World;
use crate::browser::StoredCredential;
use crate::scenario::given::Factor;
use crate::vocabulary::StepError;

/// How long before now the code was shown that activated what is enrolled already: one step of RFC 6238, so that the
/// present code has not been used.
const EARLIER: chrono::TimeDelta = chrono::TimeDelta::seconds(30);

/// The devices of all people; clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Devices(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    phones: BTreeMap<String, Phone>,
    /// Who answers in the place of a person's own device.
    stand_ins: BTreeMap<String, StandIn>,
}

/// Somebody's device.
#[derive(Debug)]
struct Phone {
    app: Device,
    /// Where it asks for push notifications, and by what.
    push: Option<(Url, Secret)>,
    /// Whether it is the simulation of FastPass, too.
    fastpass: bool,
    /// Whether its app forgets to look which page asks it.
    careless: bool,
    /// Whether it sees somebody else than its owner.
    owner_is_unknown: bool,
    /// What it signed last.
    signed: Option<NonceAnswer>,
}

/// Who answers a page in the place of the person's own device.
#[derive(Clone, Debug)]
pub(crate) enum StandIn {
    /// Another person's device, which sees the origin of a page that this person has open.
    Device { person: String, origin: String },
    /// Whoever overheard what another person's device signed.
    Recording { person: String },
}

/// What came of a page's question.
#[derive(Debug)]
pub(super) enum Signed {
    /// The device signed.
    Answer(Box<NonceAnswer>),
    /// It doesn't for this page.
    Refused,
}

impl Devices {
    /// The code that somebody's app shows.
    pub(crate) fn code(&self, who: &str, now: DateTime<Utc>) -> Option<String> {
        self.state().phones.get(who).and_then(|phone| phone.app.totp(now))
    }

    /// Takes a QR code up.
    pub(crate) fn scan(&self, who: &str, qr_code: &Secret) -> Result<Scanned, ScanError> {
        self.state().phone(who).app.scan(qr_code)
    }

    /// From now on somebody's app asks for push notifications there.
    pub(crate) fn keep_push(&self, who: &str, org: Url, token: Secret) {
        self.state().phone(who).push = Some((org, token));
    }

    /// Where somebody's app asks for push notifications, and by what.
    pub(crate) fn push(&self, who: &str) -> Option<(Url, Secret)> {
        self.state().phones.get(who).and_then(|phone| phone.push.clone())
    }

    /// Answers a push notification.
    pub(crate) fn answer(
        &self,
        who: &str,
        challenge: &PushChallenge,
        decision: Decision,
        number: Option<u8>,
    ) -> PushAnswer {
        self.state().phone(who).app.answer(challenge, decision, number)
    }

    /// Somebody's device is FastPass from now on, for this org.
    pub(super) fn install_fastpass(&self, who: &str, org: &Url) -> DeviceIdentity {
        let mut state = self.state();
        let phone = state.phone(who);
        phone.fastpass = true;
        phone.app.trust(org)
    }

    /// Whether there is a device with FastPass.
    pub(crate) fn has_fastpass(&self, who: &str) -> bool {
        self.state().phones.get(who).is_some_and(|phone| phone.fastpass)
    }

    /// Somebody's app forgets to look which page asks it.
    pub(crate) fn make_careless(&self, who: &str) {
        self.state().phone(who).careless = true;
    }

    /// Whether somebody's device knows its owner from now on.
    pub(crate) fn know_owner(&self, who: &str, known: bool) {
        self.state().phone(who).owner_is_unknown = !known;
    }

    /// From now on somebody else answers in the place of this person's own device.
    pub(crate) fn stand_in(&self, who: &str, stand_in: StandIn) {
        self.state().stand_ins.insert(who.to_owned(), stand_in);
    }

    /// Whether whatever is on somebody's machine speaks with a page of this origin; none if nothing is there.
    pub(super) fn speaks_with(&self, who: &str, origin: &str) -> Option<bool> {
        let state = self.state();
        match state.stand_ins.get(who) {
            Some(_) => Some(true),
            None => {
                let phone = state.phones.get(who).filter(|phone| phone.fastpass)?;
                Some(phone.careless || phone.app.trusts(origin))
            }
        }
    }

    /// A page on somebody's machine asks for a signature, `verified` if the device has to make sure that it is its owner.
    pub(super) fn sign(&self, who: &str, nonce: &str, origin: &str, verified: bool) -> Signed {
        let mut state = self.state();
        match state.stand_ins.get(who).cloned() {
            None => state.sign_by(who, nonce, origin, verified),
            Some(StandIn::Device { person, origin }) => state.sign_by(&person, nonce, &origin, verified),
            Some(StandIn::Recording { person }) => {
                let signed = state.phones.get(&person).and_then(|phone| phone.signed.clone());
                signed.map_or(Signed::Refused, |signed| Signed::Answer(Box::new(signed)))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn phone(&mut self, who: &str) -> &mut Phone {
        self.phones.entry(who.to_owned()).or_insert_with(|| Phone {
            app: Device::new(format!("{who}'s phone")),
            push: None,
            fastpass: false,
            careless: false,
            owner_is_unknown: false,
            signed: None,
        })
    }

    fn sign_by(&mut self, who: &str, nonce: &str, origin: &str, verified: bool) -> Signed {
        let Some(phone) = self.phones.get_mut(who).filter(|phone| phone.fastpass) else {
            return Signed::Refused;
        };
        let gesture = match verified && !phone.owner_is_unknown {
            true => Gesture::Verification,
            false => Gesture::Presence,
        };
        let answer = match phone.careless {
            true => phone.app.sign_for_anyone(nonce, origin, gesture),
            false => match phone.app.sign_nonce(nonce, origin, gesture) {
                Ok(answer) => answer,
                Err(_) => return Signed::Refused,
            },
        };
        phone.signed = Some(answer.clone());
        Signed::Answer(Box::new(answer))
    }
}

impl World {
    /// Enrols what a user has already.
    pub(super) async fn enroll(&self, name: &str, user: &UserId, factor: Factor) -> Result<(), SetError> {
        match factor {
            Factor::Code => self.enroll_code(name, user),
            Factor::Push => self.enroll_push(name, user),
            Factor::SecurityKey => self.enroll_key(name, user, true).await,
            Factor::TouchOnlySecurityKey => self.enroll_key(name, user, false).await,
            Factor::Fastpass if !self.has_browsers() => {
                let what = format!("{name} has no browser, and FastPass is asked by a page's script");
                Err(StepError::unsupported(what).into())
            }
            Factor::Fastpass => {
                let device = self.devices.install_fastpass(name, &self.org_url()?);
                self.org.model().enroll_signed_nonce(user, &device, &Cause::system())?;
                Ok(())
            }
        }
    }

    fn enroll_code(&self, name: &str, user: &UserId) -> Result<(), SetError> {
        let model = self.org.model();
        let enrolment = model.enroll_totp(user, &self.org.issuer())?;
        self.scan(name, &enrolment.uri)?;
        let code = self.devices.code(name, self.clock.now() - EARLIER);
        let code = code.ok_or_else(|| SetError::Given(format!("{name}'s phone shows no code")))?;
        let activated = model.activate_totp(&enrolment.factor.id, &code, &Cause::system());
        activated.map(drop).map_err(|error| SetError::Given(format!("{name}'s factor: {error}")))
    }

    fn enroll_push(&self, name: &str, user: &UserId) -> Result<(), SetError> {
        let model = self.org.model();
        let enrolment = model.enroll_push(user, &self.org.issuer())?;
        let Scanned::Push { org, activation } = self.scan(name, &enrolment.uri)? else {
            return Err(SetError::Given(format!("{name}'s phone takes the QR code for another one")));
        };
        let activated = model.activate_push(&activation, &Cause::system());
        let activated = activated.map_err(|error| SetError::Given(format!("{name}'s factor: {error}")))?;
        self.redactor.learn(&activated.device_token);
        self.devices.keep_push(name, org, activated.device_token);
        Ok(())
    }

    /// The ceremony of an enrolment with a security key, which the person then has at hand.
    async fn enroll_key(&self, name: &str, user: &UserId, verifies: bool) -> Result<(), SetError> {
        let (model, party) = (self.org.model(), self.org.relying_party());
        let authenticator = self.authenticator(name)?;
        let enrolment = model.begin_webauthn_enrolment(user, &party, UserVerification::Preferred)?;
        let mut key = SecurityKey::at(&party.origin, verifies);
        let attestation = key.create(&enrolment.options);
        let factor = &enrolment.factor.id;
        let finished = model.finish_webauthn_enrolment(factor, &party, &attestation, &Cause::system());
        finished.map_err(|error| SetError::Given(format!("{name}'s factor: {error}")))?;
        let credential = StoredCredential {
            id: key.credential_id().to_vec(),
            party: key.party().to_owned(),
            private_key: key.private_key(),
            counter: key.counter(),
        };
        let taken = authenticator.take(verifies, &[credential]).await;
        taken.map_err(|error| SetError::Given(format!("{name}'s security key: {error}")))
    }

    fn org_url(&self) -> Result<Url, SetError> {
        let issuer = self.org.issuer();
        issuer.parse().map_err(|error| SetError::Given(format!("the org's URL {issuer}: {error}")))
    }

    /// Takes a QR code up into the authenticator app on somebody's phone.
    pub(crate) fn scan(&self, name: &str, qr_code: &Secret) -> Result<Scanned, StepError> {
        self.redactor.learn(qr_code);
        let scanned = self.devices.scan(name, qr_code);
        scanned.map_err(|error| StepError::unmet(format!("{name}'s phone: {error}")))
    }
}
