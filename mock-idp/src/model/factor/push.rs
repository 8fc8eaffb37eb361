//! Okta Verify's push notifications: a device that was enrolled by a QR code is asked whether it is its owner who signs
//! in, and signs what the owner says.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use ground::{Secret, random};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::attempt::Characteristics;
use super::{Credential, Factor, FactorKind, FactorRefusal, FactorStatus, Verified};
use crate::device::{Decision, DeviceIdentity, PushActivated, PushActivation, PushAnswer, PushChallenge};
use crate::model::log::{Entry, EventType};
use crate::model::{Cause, Digest, FactorId, Model, ModelError, PushId, UserId};

/// How long a notification can be answered, in stage time.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// How long an enrolment's QR code can be used.
const ENROLMENT: TimeDelta = TimeDelta::minutes(10);

/// Far more notifications than a stage has under way; the oldest make room.
const CAPACITY: usize = 500;

/// What the org keeps.
#[derive(Clone, Debug)]
pub(super) enum Push {
    /// A device that knows the token may enrol.
    Waiting {
        token: Digest,
        expires: DateTime<Utc>,
    },
    Enrolled {
        device: DeviceIdentity,
        token: Digest,
    },
}

/// A push factor that waits for a device. The token is told once.
#[derive(Clone, Debug)]
pub struct PushEnrolment {
    /// The factor.
    pub factor: Arc<Factor>,
    /// What the device must know.
    pub token: Secret,
    /// The same as a QR code gives it: `oktaverify://…`.
    pub uri: Secret,
    /// Until when a device can enrol, in stage time.
    pub expires: DateTime<Utc>,
}

/// A notification that was sent, for those who wait for its answer. There is nothing secret in it: only the enrolled
/// device can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushTransaction {
    /// Its identifier.
    pub id: PushId,
    /// By which factor.
    pub factor: FactorId,
    /// The number that the page shows, which the person must choose on the device.
    pub number: Option<u8>,
    /// When it was sent, in stage time.
    pub sent: DateTime<Utc>,
    /// Until when it can be answered.
    pub expires: DateTime<Utc>,
    /// How it stands.
    pub state: PushState,
}

/// How a notification stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushState {
    /// The person has not answered.
    Waiting,
    /// It was the person.
    Approved(Verified),
    /// It was not, or a wrong number was chosen, or the proof could not be taken.
    Rejected,
    /// Nobody answered in time.
    TimedOut,
}

/// Whether people have to choose on their device the number that the page shows: Okta Verify's number challenge. (Okta
/// can also leave it to sign-ins of high risk; nothing is of any risk here.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NumberChallenge {
    /// They just approve.
    #[default]
    Never,
    /// They do, at every notification.
    Always,
}

impl NumberChallenge {
    /// Whether there are numbers to choose from.
    pub fn is_on(self) -> bool {
        self == Self::Always
    }
}

/// The last notifications, oldest first.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    sent: VecDeque<Sent>,
    number_challenge: NumberChallenge,
}

/// A notification as it is kept.
#[derive(Clone, Debug)]
struct Sent {
    transaction: PushTransaction,
    challenge: PushChallenge,
    /// Whether an answer was taken, of which the outcome may be still to come.
    answered: bool,
    /// Under what circumstances it was asked for: the System Log says the same of the answer.
    cause: Cause,
}

impl Model {
    /// Whether sign-ins ask for a number on the device.
    pub fn number_challenge(&self) -> NumberChallenge {
        self.factors().pushes.number_challenge
    }

    /// Has sign-ins ask for a number on the device, or no longer. Notifications that are under way stay as they are.
    pub fn set_number_challenge(&self, challenge: NumberChallenge) {
        self.factors().pushes.number_challenge = challenge;
    }

    /// Makes a push factor, which a device activates. `org_url` is where the device then goes.
    ///
    /// # Errors
    /// When there is no such user, it is deactivated, or it has one.
    pub fn enroll_push(&self, user: &UserId, org_url: &str) -> Result<PushEnrolment, ModelError> {
        let token = Secret::random("activation token");
        let expires = self.now() + ENROLMENT;
        let waiting = Push::Waiting { token: Digest::of(token.expose()), expires };
        let factor = self.enroll(user, None, Credential::Push(waiting))?;
        let login = self.user(user).map_or_else(String::new, |user| user.profile.login.clone());
        let [login, org] = [&login, org_url].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
        let uri = format!("oktaverify://{login}/?t={}&f={}&s={org}", token.expose(), factor.id);
        Ok(PushEnrolment { factor, token, uri: Secret::new("activation token", uri), expires })
    }

    /// Takes the device that knows the token of a waiting push factor as its device.
    ///
    /// # Errors
    /// When no factor waits for this token, or no longer, or the device's names are not plausible.
    pub fn activate_push(
        &self,
        activation: &PushActivation,
        cause: &Cause,
    ) -> Result<PushActivated, FactorRefusal> {
        if !activation.device.is_plausible() {
            return Err(FactorRefusal::Malformed);
        }
        let (now, token) = (self.now(), Digest::of(activation.token.expose()));
        let waits = |factor: &Factor| match &factor.credential {
            Credential::Push(Push::Waiting { token: expected, expires }) => {
                *expected == token && *expires > now
            }
            _ => false,
        };
        let id = self.factors().find_where(waits).ok_or(FactorRefusal::Expired)?;
        let device_token = Secret::random("device token");
        let (device, token) = (activation.device.clone(), Digest::of(device_token.expose()));
        self.activate(&id, cause, |factor| {
            factor.name = Some(device.name.clone());
            factor.credential = Credential::Push(Push::Enrolled { device, token });
            Ok(())
        })?;
        Ok(PushActivated { device_token })
    }

    /// Asks the factor's owner, on its device. `with_number`: the owner must choose the number that the page shows.
    ///
    /// # Errors
    /// When there is no such factor, it or its user is not active, or too many proofs failed.
    pub fn begin_push(
        &self,
        id: &FactorId,
        with_number: bool,
        cause: &Cause,
    ) -> Result<PushTransaction, FactorRefusal> {
        let (factor, user) = self.ready(id)?;
        if factor.kind() != FactorKind::Push {
            return Err(FactorRefusal::NotFound);
        }
        let now = self.now();
        let numbers = with_number.then(numbers);
        let transaction = PushTransaction {
            id: PushId::new(&format!("v2mst.{}", random::token())),
            factor: id.clone(),
            number: numbers.map(|(right, _)| right),
            sent: now,
            expires: now + PATIENCE,
            state: PushState::Waiting,
        };
        let challenge = PushChallenge {
            transaction: transaction.id.to_string(),
            nonce: random::token(),
            login: user.profile.login.clone(),
            numbers: numbers.map(|(_, shown)| shown),
            expires: transaction.expires,
        };
        self.factors().send(Sent {
            transaction: transaction.clone(),
            challenge,
            answered: false,
            cause: cause.clone(),
        });
        self.log(Entry::of(EventType::SendPush).to(user.party()).to(factor.party()), cause);
        Ok(transaction)
    }

    /// How a notification stands. It is remembered for a while after it was answered.
    pub fn push(&self, id: &PushId) -> Option<PushTransaction> {
        let now = self.now();
        self.factors().pushes.find(id).map(|sent| sent.transaction_at(now))
    }

    /// Waits until a notification is answered or has timed out; needs Tokio's timer.
    pub async fn push_decided(&self, id: &PushId) -> Option<PushTransaction> {
        let changed = self.factors().changed();
        loop {
            // Made before the state is read, so that no change in between is missed.
            let next = changed.notified();
            let transaction = self.push(id)?;
            if transaction.state != PushState::Waiting {
                return Some(transaction);
            }
            tokio::select! {
                () = next => (),
                () = self.clock().reached(transaction.expires) => (),
            }
        }
    }

    /// The notifications that wait on this device, oldest first; none for a token that no device has.
    pub fn pushes_for(&self, device_token: &str) -> Option<Vec<PushChallenge>> {
        let (now, token) = (self.now(), Digest::of(device_token));
        let factors = self.factors();
        let id = factors.find_where(|factor| factor.push_device().is_some_and(|(_, own)| *own == token))?;
        let own = factors.pushes.sent.iter().filter(|sent| sent.transaction.factor == id && sent.waits(now));
        Some(own.map(|sent| sent.challenge.clone()).collect())
    }

    /// Waits until a notification waits on this device; none for a token that no device has.
    pub async fn push_sent(&self, device_token: &str) -> Option<Vec<PushChallenge>> {
        let changed = self.factors().changed();
        loop {
            let next = changed.notified();
            match self.pushes_for(device_token)? {
                waiting if waiting.is_empty() => next.await,
                waiting => return Some(waiting),
            }
        }
    }

    /// Takes a device's answer to a notification.
    ///
    /// # Errors
    /// When the notification is unknown, was answered or has timed out, or the answer isn't signed by the factor's
    /// device: the notification then goes on waiting. A denial is no error.
    pub fn answer_push(&self, answer: &PushAnswer) -> Result<PushTransaction, FactorRefusal> {
        let now = self.now();
        let id = PushId::new(&answer.transaction);
        let sent = self.factors().pushes.find(&id).cloned().ok_or(FactorRefusal::NotFound)?;
        let factor = self.factor(&sent.transaction.factor).ok_or(FactorRefusal::NotFound)?;
        let (device, _) = factor.push_device().ok_or(FactorRefusal::NotFound)?;
        if !sent.challenge.is_answered_by(device, answer) {
            return Err(FactorRefusal::WrongDevice);
        }
        if !self.factors().pushes.claim(&id, now) {
            return Err(FactorRefusal::Expired);
        }
        let proof = sent.transaction.proof(answer);
        let state = match self.attempt(&factor.id, &sent.cause, |_, _| proof) {
            Ok(verified) => PushState::Approved(verified),
            Err(_) => PushState::Rejected,
        };
        let mut factors = self.factors();
        factors.pushes.decide(&id, state);
        factors.changed().notify_waiters();
        factors.pushes.find(&id).map(|sent| sent.transaction.clone()).ok_or(FactorRefusal::NotFound)
    }
}

impl PushTransaction {
    /// What an answer of the right device proves.
    fn proof(&self, answer: &PushAnswer) -> Result<Characteristics, FactorRefusal> {
        match answer.decision {
            Decision::Deny => Err(FactorRefusal::Rejected),
            Decision::Approve if answer.number != self.number => Err(FactorRefusal::WrongNumber),
            Decision::Approve => {
                Ok(Characteristics { user_presence: true, device_bound: true, ..Characteristics::default() })
            }
        }
    }
}

impl PushChallenge {
    /// Whether this device says so, whatever it says.
    fn is_answered_by(&self, device: &DeviceIdentity, answer: &PushAnswer) -> bool {
        let PushAnswer { transaction, decision, number, signature, .. } = answer;
        let signed = PushAnswer::signed(transaction, &self.nonce, &device.id, *decision, *number);
        answer.device == device.id && device.key.verifies(&signed, signature)
    }
}

impl Factor {
    /// The device that answers notifications, and the digest of the token by which it asks for them.
    fn push_device(&self) -> Option<(&DeviceIdentity, &Digest)> {
        match &self.credential {
            Credential::Push(Push::Enrolled { device, token }) if self.status == FactorStatus::Active => {
                Some((device, token))
            }
            _ => None,
        }
    }

    /// Until when a device can enrol, in stage time, for a push factor that waits for one.
    pub fn enrolment_expires(&self) -> Option<DateTime<Utc>> {
        match self.credential {
            Credential::Push(Push::Waiting { expires, .. }) => Some(expires),
            _ => None,
        }
    }
}

impl super::Factors {
    fn send(&mut self, sent: Sent) {
        if self.pushes.sent.len() >= CAPACITY {
            self.pushes.sent.pop_front();
        }
        self.pushes.sent.push_back(sent);
        self.changed().notify_waiters();
    }
}

impl Pushes {
    fn find(&self, id: &PushId) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.transaction.id == *id)
    }

    fn find_mut(&mut self, id: &PushId) -> Option<&mut Sent> {
        self.sent.iter_mut().find(|sent| sent.transaction.id == *id)
    }

    /// Takes the one answer that a waiting notification gets; false when it waits no more.
    fn claim(&mut self, id: &PushId, now: DateTime<Utc>) -> bool {
        self.find_mut(id).is_some_and(|sent| {
            let waits = sent.waits(now);
            sent.answered |= waits;
            waits
        })
    }

    fn decide(&mut self, id: &PushId, state: PushState) {
        if let Some(sent) = self.find_mut(id) {
            sent.transaction.state = state;
        }
    }
}

impl Sent {
    fn waits(&self, now: DateTime<Utc>) -> bool {
        !self.answered && now < self.transaction.expires
    }

    fn transaction_at(&self, now: DateTime<Utc>) -> PushTransaction {
        let mut transaction = self.transaction.clone();
        if !self.answered && !self.waits(now) {
            transaction.state = PushState::TimedOut;
        }
        transaction
    }
}

/// A number of two digits, and three in which it hides, in ascending order.
fn numbers() -> (u8, [u8; 3]) {
    let mut shown: Vec<u8> = Vec::with_capacity(3);
    let drawn = std::iter::repeat_with(random::bytes::<32>).flatten().filter(|byte| *byte < 180);
    for number in drawn.map(|byte| 10 + byte % 90) {
        if !shown.contains(&number) {
            shown.push(number);
        }
        if shown.len() == 3 {
            break;
        }
    }
    let right = shown[0];
    shown.sort_unstable();
    (right, [shown[0], shown[1], shown[2]])
}
