//! Alice's phone: an app for codes, or one that gets her notifications.

use ground::Secret;

use super::{ORG, TestOrg};
use crate::device::{Decision, Device, Scanned};
use crate::model::Cause;

/// A phone with codes that the org knows.
pub(crate) fn with_codes(org: &TestOrg) -> Device {
    let enrolment = org.model().enroll_totp(&org.alice.id, "acme.okta.test").unwrap();
    let mut phone = Device::new("alice's phone");
    phone.scan(&enrolment.uri).unwrap();
    let code = phone.totp(org.site.now()).unwrap();
    org.model().activate_totp(&enrolment.factor.id, &code, &Cause::system()).unwrap();
    org.advance(30);
    phone
}

/// A phone that gets notifications.
pub(crate) struct Phone {
    device: Device,
    token: Secret,
}

impl Phone {
    /// One that takes up what a QR code says.
    pub(crate) fn scanning(org: &TestOrg, uri: &str) -> Self {
        let mut device = Device::new("Alice's phone");
        let Ok(Scanned::Push { activation, .. }) = device.scan(&Secret::new("QR code", uri)) else {
            panic!("it is for push: {uri}")
        };
        let token = org.model().activate_push(&activation, &Cause::system()).unwrap().device_token;
        Self { device, token }
    }

    pub(crate) fn enrolled(org: &TestOrg) -> Self {
        let enrolment = org.model().enroll_push(&org.alice.id, ORG).unwrap();
        Self::scanning(org, enrolment.uri.expose())
    }

    /// How many notifications wait.
    pub(crate) fn waiting(&self, org: &TestOrg) -> usize {
        org.model().pushes_for(self.token.expose()).unwrap().len()
    }

    /// The numbers that the last notification offers.
    pub(crate) fn numbers(&self, org: &TestOrg) -> [u8; 3] {
        org.model().pushes_for(self.token.expose()).unwrap().last().unwrap().numbers.unwrap()
    }

    /// Answers the last notification.
    pub(crate) fn answer(&self, org: &TestOrg, decision: Decision, number: Option<u8>) {
        let waiting = org.model().pushes_for(self.token.expose()).unwrap();
        let answer = self.device.answer(waiting.last().unwrap(), decision, number);
        org.model().answer_push(&answer).unwrap();
    }
}
