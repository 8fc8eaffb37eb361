//! The phones of people.

use ground::Secret;
use mock_idp::device::Device;
use mock_idp::model::{Cause, UserId};

use super::SetError;
use super::world::World;
use crate::scenario::given::Factor;
use crate::vocabulary::StepError;

/// How long before now the code was shown that activated what is enrolled already: one step of RFC 6238, so that the
/// present code has not been used.
const EARLIER: chrono::TimeDelta = chrono::TimeDelta::seconds(30);

impl World {
    /// Enrols a factor on a user's phone.
    pub(super) fn enroll(&self, name: &str, user: &UserId, factor: Factor) -> Result<(), SetError> {
        let model = self.org.model();
        match factor {
            Factor::Code => {
                let enrolment = model.enroll_totp(user, &self.org.issuer())?;
                self.scan(name, &enrolment.uri)?;
                let code = self.devices().get(name).and_then(|phone| phone.totp(self.clock.now() - EARLIER));
                let code = code.ok_or_else(|| SetError::Given(format!("{name}'s phone shows no code")))?;
                let activated = model.activate_totp(&enrolment.factor.id, &code, &Cause::system());
                activated.map_err(|error| SetError::Given(format!("{name}'s factor: {error}")))?;
            }
        }
        Ok(())
    }

    /// Takes a key up into the authenticator app on somebody's phone.
    pub(crate) fn scan(&self, name: &str, qr_code: &Secret) -> Result<(), StepError> {
        self.redactor.learn(qr_code);
        let mut devices = self.devices();
        let phone = devices.entry(name.to_owned()).or_insert_with(|| Device::new(format!("{name}'s phone")));
        phone.scan(qr_code).map(drop).map_err(|error| StepError::unmet(format!("{name}'s phone: {error}")))
    }
}
