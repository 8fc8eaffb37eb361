//! Enrolment and proofs, from the outside.

mod push;
mod signed_nonce;
mod totp;
mod webauthn;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use ground::{Clock, Secret, Sink};

use crate::device::Device;
use crate::model::*;

struct Stage {
    clock: Clock,
    model: Model,
    cause: Cause,
    alice: Arc<User>,
}

impl Stage {
    fn new() -> Self {
        let (clock, cause) = (Clock::new(), Cause::system());
        // A step of time-based codes begins, so that none ends in the middle of a test.
        clock.advance(Duration::from_millis(30_000 - clock.now().timestamp_millis() as u64 % 30_000));
        let model = Model::new(clock.clone(), Sink::forgetful());
        let profile = Profile::new("alice@acme.test", "Alice", "Archer");
        let new = NewUser::new(profile, Secret::new("password", "correct horse"));
        let alice = model.create_user(new, &cause).unwrap();
        Self { clock, model, cause, alice }
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Alice's factor, activated half a minute ago, and the device that shows its codes.
    fn with_totp(&self) -> (FactorId, Device) {
        let enrolment = self.model.enroll_totp(&self.alice.id, "acme.okta.test").unwrap();
        let mut device = Device::new("Alice's phone");
        device.scan(&enrolment.uri).unwrap();
        let id = enrolment.factor.id.clone();
        self.model.activate_totp(&id, &self.code(&device), &self.cause).unwrap();
        self.advance(30);
        (id, device)
    }

    fn code(&self, device: &Device) -> String {
        device.totp(self.clock.now()).unwrap()
    }

    /// A code that is none of this time's.
    fn wrong_code(&self, device: &Device) -> String {
        let near = [-30, 0, 30].map(|seconds| device.totp(self.clock.now() + TimeDelta::seconds(seconds)));
        let mut codes = (0..).map(|number| format!("{number:06}"));
        codes.find(|code| !near.contains(&Some(code.clone()))).unwrap()
    }

    fn verify(&self, id: &FactorId, code: &str) -> Result<Verified, FactorRefusal> {
        self.model.verify_totp(id, code, &self.cause)
    }

    /// What the System Log has of factors, as `event type` or `event type: reason`.
    fn logged(&self) -> Vec<String> {
        let entries = self.model.log_events(&LogQuery::default()).items.into_iter();
        let entries = entries.filter(|entry| entry.event_type.name().contains("mfa"));
        let text = |entry: &LogEvent| match &entry.outcome.reason {
            Some(reason) => format!("{}: {reason}", entry.event_type),
            None => entry.event_type.to_string(),
        };
        entries.map(|entry| text(&entry)).collect()
    }
}
