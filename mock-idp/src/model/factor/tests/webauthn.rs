use serde_json::json;
use url::Url;

use super::Stage;
use crate::model::*;
use crate::testing::security_key::SecurityKey;

fn party() -> RelyingParty {
    RelyingParty {
        id: "acme.okta.test".into(),
        name: "acme".into(),
        origin: Url::parse("https://acme.okta.test").unwrap(),
    }
}

impl Stage {
    fn begin_enrolment(&self) -> WebAuthnEnrolment {
        let preferred = UserVerification::Preferred;
        self.model.begin_webauthn_enrolment(&self.alice.id, &party(), preferred).unwrap()
    }

    fn finish_enrolment(
        &self,
        enrolment: &WebAuthnEnrolment,
        attestation: &Attestation,
    ) -> Result<FactorId, FactorRefusal> {
        let id = &enrolment.factor.id;
        let activated = self.model.finish_webauthn_enrolment(id, &party(), attestation, &self.cause);
        activated.map(|factor| factor.id.clone())
    }

    fn with_key(&self) -> (FactorId, SecurityKey) {
        let (enrolment, mut key) = (self.begin_enrolment(), SecurityKey::new());
        let id = self.finish_enrolment(&enrolment, &key.create(&enrolment.options)).unwrap();
        (id, key)
    }

    fn ask(&self, verification: UserVerification) -> WebAuthnChallenge {
        self.model.begin_webauthn(&self.alice.id, None, &party(), verification).unwrap()
    }

    fn finish(&self, asked: &WebAuthnChallenge, assertion: &Assertion) -> Result<Verified, FactorRefusal> {
        self.model.finish_webauthn(&asked.challenge, &party(), assertion, &self.cause)
    }
}

#[test]
fn a_security_key_is_enrolled_and_used() {
    let stage = Stage::new();
    let (enrolment, mut key) = (stage.begin_enrolment(), SecurityKey::new());
    let options = &enrolment.options;
    assert_eq!(options["rp"], json!({"name": "acme", "id": "acme.okta.test"}));
    assert_eq!(options["user"]["name"], "alice@acme.test");
    assert_eq!(options["authenticatorSelection"]["userVerification"], "preferred");
    assert!(!options.to_string().contains("null"), "browsers refuse it: {options}");
    assert!(enrolment.factor.id.as_str().starts_with("fwf"));
    let id = stage.finish_enrolment(&enrolment, &key.create(options)).unwrap();
    let factor = stage.model.factor(&id).unwrap();
    assert_eq!((factor.status, factor.credential_id()), (FactorStatus::Active, Some(&key.id[..])));
    let asked = stage.ask(UserVerification::Required);
    assert_eq!(asked.options["rpId"], "acme.okta.test");
    assert_eq!(asked.options["allowCredentials"].as_array().unwrap().len(), 1);
    let assertion = key.get(&asked.options);
    assert_eq!(assertion.challenge().as_ref(), Some(&asked.challenge));
    let verified = stage.finish(&asked, &assertion).unwrap();
    let expected = Characteristics {
        user_presence: true,
        user_verification: true,
        phishing_resistant: true,
        hardware_protected: true,
        device_bound: true,
    };
    assert_eq!((verified.kind.amr(), verified.characteristics), ("hwk", expected));
    assert_eq!(stage.finish(&asked, &assertion), Err(FactorRefusal::Expired), "a challenge is used once");
    assert_eq!(stage.logged(), ["user.mfa.factor.activate", "user.authentication.auth_via_mfa"]);
}

#[test]
fn a_credential_is_not_enrolled_unless_it_was_made_as_asked() {
    let stage = Stage::new();
    for (change, refusal) in [
        (
            (|key: &mut SecurityKey| key.origin = "https://acme.okta.test.evil.test".into())
                as fn(&mut SecurityKey),
            FactorRefusal::WrongOrigin,
        ),
        (|key| key.origin = "http://acme.okta.test".into(), FactorRefusal::WrongOrigin),
        (|key| key.origin = "https://acme.okta.test:8443".into(), FactorRefusal::WrongOrigin),
        (|key| key.party = "evil.test".into(), FactorRefusal::WrongRelyingParty),
        (|key| key.present = false, FactorRefusal::UserNotPresent),
    ] {
        let (enrolment, mut key) = (stage.begin_enrolment(), SecurityKey::new());
        change(&mut key);
        assert_eq!(stage.finish_enrolment(&enrolment, &key.create(&enrolment.options)), Err(refusal));
    }
    let required = UserVerification::Required;
    let strict = stage.model.begin_webauthn_enrolment(&stage.alice.id, &party(), required).unwrap();
    let mut unverified = SecurityKey { verified: false, ..SecurityKey::new() };
    let refused = stage.finish_enrolment(&strict, &unverified.create(&strict.options));
    assert_eq!(refused, Err(FactorRefusal::UserNotVerified));
    // An answer to an earlier challenge.
    let (first, second) = (stage.begin_enrolment(), stage.begin_enrolment());
    let stale = SecurityKey::new().create(&first.options);
    assert_eq!(stage.finish_enrolment(&first, &stale), Err(FactorRefusal::NotFound), "it was replaced");
    assert_eq!(stage.finish_enrolment(&second, &stale), Err(FactorRefusal::WrongChallenge));
    let garbage = Attestation { client_data: b"{}".to_vec(), attestation_object: vec![0xff; 40] };
    assert_eq!(stage.finish_enrolment(&second, &garbage), Err(FactorRefusal::Malformed));
    stage.advance(300);
    let late = SecurityKey::new().create(&second.options);
    assert_eq!(stage.finish_enrolment(&second, &late), Err(FactorRefusal::Expired));
    assert!(stage.logged().is_empty());
}

#[test]
fn an_authenticator_is_enrolled_once() {
    let stage = Stage::new();
    let (_, mut key) = stage.with_key();
    let again = stage.begin_enrolment();
    assert_eq!(again.options["excludeCredentials"].as_array().unwrap().len(), 1);
    let refused = stage.finish_enrolment(&again, &key.create(&again.options));
    assert_eq!(refused, Err(FactorRefusal::AlreadyEnrolled));
    let other = stage.finish_enrolment(&again, &SecurityKey::new().create(&again.options)).unwrap();
    assert_eq!(stage.model.factors_of(&stage.alice.id).len(), 2);
    stage.model.remove_factor(&other, &stage.cause).unwrap();
}

#[test]
fn a_proof_that_is_not_what_was_asked_for_is_refused_for_its_reason() {
    for (change, refusal) in [
        (
            (|key: &mut SecurityKey| key.origin = "https://okta-acme.test".into()) as fn(&mut SecurityKey),
            FactorRefusal::WrongOrigin,
        ),
        (|key| key.party = "okta-acme.test".into(), FactorRefusal::WrongRelyingParty),
        (|key| key.present = false, FactorRefusal::UserNotPresent),
        (|key| key.verified = false, FactorRefusal::UserNotVerified),
        (|key| key.counter = 0, FactorRefusal::Copied),
    ] {
        let stage = Stage::new();
        let (_, mut key) = stage.with_key();
        change(&mut key);
        let asked = stage.ask(UserVerification::Required);
        assert_eq!(stage.finish(&asked, &key.get(&asked.options)), Err(refusal));
        assert_eq!(stage.logged().last().unwrap(), "user.authentication.auth_via_mfa: INVALID_CREDENTIALS");
    }
    let stage = Stage::new();
    let (_, mut key) = stage.with_key();
    let asked = stage.ask(UserVerification::Required);
    let mut bent = key.get(&asked.options);
    bent.authenticator_data[33] ^= 1;
    assert_eq!(stage.finish(&asked, &bent), Err(FactorRefusal::WrongSignature));
    let (one, other) = (stage.ask(UserVerification::Required), stage.ask(UserVerification::Required));
    assert_eq!(stage.finish(&other, &key.get(&one.options)), Err(FactorRefusal::WrongChallenge));
    let asked = stage.ask(UserVerification::Required);
    assert_eq!(
        stage.finish(&asked, &SecurityKey::new().get(&asked.options)),
        Err(FactorRefusal::UnknownCredential)
    );
    let asked = stage.ask(UserVerification::Required);
    let assertion = key.get(&asked.options);
    stage.advance(300);
    assert_eq!(stage.finish(&asked, &assertion), Err(FactorRefusal::Expired));
}

#[test]
fn verification_is_demanded_only_where_it_is_asked_for() {
    let stage = Stage::new();
    let (_, mut key) = stage.with_key();
    key.verified = false;
    for verification in [UserVerification::Discouraged, UserVerification::Preferred] {
        let asked = stage.ask(verification);
        let verified = stage.finish(&asked, &key.get(&asked.options)).unwrap();
        assert!(!verified.characteristics.user_verification && verified.characteristics.user_presence);
    }
    let asked = stage.ask(UserVerification::Required);
    assert_eq!(stage.finish(&asked, &key.get(&asked.options)), Err(FactorRefusal::UserNotVerified));
    key.verified = true;
    let asked = stage.ask(UserVerification::Discouraged);
    assert!(stage.finish(&asked, &key.get(&asked.options)).unwrap().characteristics.user_verification);
}

#[test]
fn a_key_that_may_be_copied_is_bound_to_no_device() {
    let stage = Stage::new();
    let (enrolment, mut key) = (stage.begin_enrolment(), SecurityKey { synced: true, ..SecurityKey::new() });
    stage.finish_enrolment(&enrolment, &key.create(&enrolment.options)).unwrap();
    let asked = stage.ask(UserVerification::Preferred);
    let shown = stage.finish(&asked, &key.get(&asked.options)).unwrap().characteristics;
    assert!(shown.phishing_resistant && !shown.device_bound && !shown.hardware_protected);
}

#[test]
fn without_the_credentials_id_the_one_answers_whose_signature_it_is() {
    let stage = Stage::new();
    let (id, mut key) = stage.with_key();
    let asked = stage.ask(UserVerification::Preferred);
    let nameless = Assertion { id: None, ..key.get(&asked.options) };
    assert_eq!(stage.finish(&asked, &nameless).unwrap().factor, id);
    let (second, mut other) = stage.with_key();
    let asked = stage.ask(UserVerification::Preferred);
    let nameless = Assertion { id: None, ..other.get(&asked.options) };
    assert_eq!(stage.finish(&asked, &nameless).unwrap().factor, second);
    let asked = stage.ask(UserVerification::Preferred);
    let nameless = Assertion { id: None, ..SecurityKey::new().get(&asked.options) };
    assert_eq!(stage.finish(&asked, &nameless), Err(FactorRefusal::UnknownCredential));
    // Where one is asked for, another is none of those asked.
    let one = |id: &FactorId| {
        let preferred = UserVerification::Preferred;
        stage.model.begin_webauthn(&stage.alice.id, Some(id), &party(), preferred).unwrap()
    };
    let asked = one(&second);
    assert_eq!(stage.finish(&asked, &key.get(&asked.options)), Err(FactorRefusal::UnknownCredential));
    let asked = one(&second);
    let nameless = Assertion { id: None, ..other.get(&asked.options) };
    assert_eq!(stage.finish(&asked, &nameless).unwrap().factor, second);
    let nobody = stage.model.begin_webauthn(&UserId::new("00u"), None, &party(), UserVerification::Preferred);
    assert_eq!(nobody.unwrap_err(), FactorRefusal::NotFound);
}
