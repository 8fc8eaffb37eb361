use url::Url;

use super::Stage;
use crate::device::{Device, Gesture, NonceAnswer, UntrustedOrigin};
use crate::model::*;

const ORG: &str = "https://acme.okta.test";

fn device(name: &str) -> Device {
    let mut device = Device::new(name);
    device.trust(&Url::parse(ORG).unwrap());
    device
}

impl Stage {
    fn with_fast_pass(&self, name: &str) -> (FactorId, Device) {
        let mut device = device(name);
        let identity = device.trust(&Url::parse(ORG).unwrap());
        let factor = self.model.enroll_signed_nonce(&self.alice.id, &identity, &self.cause).unwrap();
        (factor.id.clone(), device)
    }

    fn nonce(&self) -> String {
        self.model.begin_signed_nonce(&self.alice.id).unwrap().nonce
    }

    fn answer(&self, answer: &NonceAnswer) -> Result<Verified, FactorRefusal> {
        self.model.finish_signed_nonce(answer, ORG, &self.cause)
    }
}

#[test]
fn an_enrolled_device_proves_who_its_owner_is() {
    let stage = Stage::new();
    let (id, device) = stage.with_fast_pass("Alice's laptop");
    let factor = stage.model.factor(&id).unwrap();
    assert_eq!((factor.status, factor.name.as_deref()), (FactorStatus::Active, Some("Alice's laptop")));
    assert!(factor.kind().authenticator().contains("simulated"));
    for (gesture, presence, verification) in
        [(Gesture::None, false, false), (Gesture::Presence, true, false), (Gesture::Verification, true, true)]
    {
        let verified = stage.answer(&device.sign_nonce(&stage.nonce(), ORG, gesture).unwrap()).unwrap();
        let expected = Characteristics {
            user_presence: presence,
            user_verification: verification,
            phishing_resistant: true,
            hardware_protected: false,
            device_bound: true,
        };
        assert_eq!((verified.characteristics, verified.kind.amr()), (expected, "swk"));
    }
}

#[test]
fn a_nonce_is_answered_once_and_in_time() {
    let stage = Stage::new();
    let (_, device) = stage.with_fast_pass("Alice's laptop");
    let answer = device.sign_nonce(&stage.nonce(), ORG, Gesture::Presence).unwrap();
    stage.answer(&answer).unwrap();
    assert_eq!(stage.answer(&answer), Err(FactorRefusal::Expired));
    let late = device.sign_nonce(&stage.nonce(), ORG, Gesture::Presence).unwrap();
    stage.advance(300);
    assert_eq!(stage.answer(&late), Err(FactorRefusal::Expired));
    let made_up = device.sign_nonce("made up", ORG, Gesture::Presence).unwrap();
    assert_eq!(stage.answer(&made_up), Err(FactorRefusal::Expired));
}

#[test]
fn another_origin_gets_no_signature_and_one_that_is_signed_gains_nothing() {
    let stage = Stage::new();
    let (_, device) = stage.with_fast_pass("Alice's laptop");
    let phishing = "https://acme.okta.test.evil.test";
    for origin in [phishing, "http://acme.okta.test", "https://acme.okta.test:8443", "null", ""] {
        let refused = device.sign_nonce(&stage.nonce(), origin, Gesture::Presence);
        assert_eq!(refused, Err(UntrustedOrigin), "{origin}");
    }
    let signed = device.sign_for_anyone(&stage.nonce(), phishing, Gesture::Verification);
    assert_eq!(stage.answer(&signed), Err(FactorRefusal::WrongOrigin));
    let turned = device.sign_for_anyone(&stage.nonce(), phishing, Gesture::Verification);
    let turned = NonceAnswer { origin: ORG.into(), ..turned };
    assert_eq!(stage.answer(&turned), Err(FactorRefusal::WrongDevice), "the origin is signed");
    let raised = device.sign_nonce(&stage.nonce(), ORG, Gesture::None).unwrap();
    let raised = NonceAnswer { gesture: Gesture::Verification, ..raised };
    assert_eq!(stage.answer(&raised), Err(FactorRefusal::WrongDevice), "and so is the gesture");
}

#[test]
fn another_device_proves_nothing_and_the_log_says_so() {
    let stage = Stage::new();
    let (_, own) = stage.with_fast_pass("Alice's laptop");
    let stranger = device("Mallory's laptop");
    let answer = stranger.sign_nonce(&stage.nonce(), ORG, Gesture::Verification).unwrap();
    assert_eq!(stage.answer(&answer), Err(FactorRefusal::WrongDevice));
    let answer = stranger.sign_nonce(&stage.nonce(), ORG, Gesture::Verification).unwrap();
    let forged = NonceAnswer { device: own.id().to_owned(), ..answer };
    assert_eq!(stage.answer(&forged), Err(FactorRefusal::WrongDevice));
    assert_eq!(
        stage.logged(),
        [
            "user.mfa.factor.activate",
            "user.authentication.auth_via_mfa: INVALID_CREDENTIALS",
            "user.authentication.auth_via_mfa: INVALID_CREDENTIALS",
        ]
    );
}

#[test]
fn several_devices_can_be_enrolled_each_once() {
    let stage = Stage::new();
    let (first, device) = stage.with_fast_pass("Alice's laptop");
    let (second, other) = stage.with_fast_pass("Alice's desktop");
    let identity = device.clone().trust(&Url::parse(ORG).unwrap());
    let again = stage.model.enroll_signed_nonce(&stage.alice.id, &identity, &stage.cause);
    assert!(matches!(again, Err(ModelError::Unsuitable(_))));
    let by = |device: &Device| {
        let answer = device.sign_nonce(&stage.nonce(), ORG, Gesture::Presence).unwrap();
        stage.answer(&answer).map(|verified| verified.factor)
    };
    assert_eq!((by(&device), by(&other)), (Ok(first.clone()), Ok(second)));
    stage.model.remove_factor(&first, &stage.cause).unwrap();
    assert_eq!(by(&device), Err(FactorRefusal::WrongDevice));
}
