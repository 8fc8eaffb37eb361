use super::Stage;
use crate::device::Device;
use crate::model::*;

#[test]
fn a_totp_factor_is_enrolled_activated_used_and_removed() {
    let stage = Stage::new();
    let enrolment = stage.model.enroll_totp(&stage.alice.id, "acme.okta.test").unwrap();
    let factor = &enrolment.factor;
    assert!(factor.id.as_str().starts_with("ost"));
    assert_eq!((factor.kind(), factor.status), (FactorKind::Totp, FactorStatus::PendingActivation));
    let mut device = Device::new("Alice's phone");
    device.scan(&enrolment.uri).unwrap();
    let code = stage.code(&device);
    assert_eq!(stage.verify(&factor.id, &code), Err(FactorRefusal::NotActive));
    let wrong = stage.model.activate_totp(&factor.id, &stage.wrong_code(&device), &stage.cause).unwrap_err();
    assert_eq!(wrong, FactorRefusal::WrongCode);
    let active = stage.model.activate_totp(&factor.id, &code, &stage.cause).unwrap();
    assert_eq!(active.status, FactorStatus::Active);
    let again = stage.model.activate_totp(&factor.id, &code, &stage.cause).unwrap_err();
    assert_eq!(again, FactorRefusal::AlreadyActive);
    assert_eq!(stage.verify(&factor.id, &code), Err(FactorRefusal::CodeUsed), "the activation used it");
    stage.advance(30);
    let verified = stage.verify(&factor.id, &stage.code(&device)).unwrap();
    assert_eq!((&verified.user, verified.kind.amr()), (&stage.alice.id, "otp"));
    assert!(verified.characteristics.device_bound && !verified.characteristics.phishing_resistant);
    assert_eq!(stage.model.factor(&factor.id).unwrap().last_verified, Some(verified.at));
    stage.model.remove_factor(&factor.id, &stage.cause).unwrap();
    assert!(stage.model.factors_of(&stage.alice.id).is_empty());
    assert_eq!(stage.verify(&factor.id, "000000"), Err(FactorRefusal::NotFound));
    assert_eq!(
        stage.logged(),
        [
            "user.mfa.factor.activate",
            "user.authentication.auth_via_mfa: INVALID_CREDENTIALS",
            "user.authentication.auth_via_mfa",
            "user.mfa.factor.deactivate",
        ]
    );
}

#[test]
fn a_code_is_used_once_across_steps_and_across_a_moved_clock() {
    let stage = Stage::new();
    let (id, device) = stage.with_totp();
    let early = stage.code(&device);
    stage.advance(30);
    let late = stage.code(&device);
    stage.verify(&id, &late).unwrap();
    assert_eq!(stage.verify(&id, &late), Err(FactorRefusal::CodeUsed));
    assert_eq!(stage.verify(&id, &early), Err(FactorRefusal::CodeUsed), "it is of a step before");
    stage.advance(3600);
    assert_eq!(stage.verify(&id, &late), Err(FactorRefusal::WrongCode), "it has expired as well");
    stage.verify(&id, &stage.code(&device)).unwrap();
}

#[test]
fn after_five_failures_in_five_minutes_even_the_right_code_waits() {
    let stage = Stage::new();
    let (id, device) = stage.with_totp();
    for _ in 0..5 {
        let wrong = stage.wrong_code(&device);
        assert_eq!(stage.verify(&id, &wrong), Err(FactorRefusal::WrongCode));
    }
    let refusal = stage.verify(&id, &stage.code(&device)).unwrap_err();
    assert!(matches!(refusal, FactorRefusal::TooManyFailures { until } if until > stage.clock.now()));
    stage.advance(301);
    stage.verify(&id, &stage.code(&device)).unwrap();
    // A success starts the count anew, and old failures don't count.
    for _ in 0..4 {
        assert_eq!(stage.verify(&id, "x"), Err(FactorRefusal::WrongCode));
    }
    stage.advance(301);
    assert_eq!(stage.verify(&id, "x"), Err(FactorRefusal::WrongCode));
    stage.verify(&id, &stage.code(&device)).unwrap();
}

#[test]
fn there_is_one_totp_factor_and_a_new_enrolment_replaces_one_that_waits() {
    let stage = Stage::new();
    let waiting = stage.model.enroll_totp(&stage.alice.id, "acme.okta.test").unwrap().factor;
    let (id, _) = stage.with_totp();
    assert!(stage.model.factor(&waiting.id).is_none());
    let refused = stage.model.enroll_totp(&stage.alice.id, "acme.okta.test").unwrap_err();
    assert_eq!(refused, ModelError::Unsuitable("A factor of this type is already set up."));
    let held: Vec<FactorId> =
        stage.model.factors_of(&stage.alice.id).iter().map(|factor| factor.id.clone()).collect();
    assert_eq!(held, [id]);
}

#[test]
fn an_administrator_resets_all_factors() {
    let stage = Stage::new();
    let (id, device) = stage.with_totp();
    stage.model.reset_factors(&stage.alice.id, &stage.cause).unwrap();
    assert!(stage.model.factors_of(&stage.alice.id).is_empty());
    assert_eq!(stage.verify(&id, &stage.code(&device)), Err(FactorRefusal::NotFound));
    assert_eq!(stage.logged().last().unwrap(), "user.mfa.factor.reset_all");
    assert!(stage.model.reset_factors(&UserId::new("00unobody"), &stage.cause).is_err());
}

#[test]
fn who_may_not_sign_in_proves_nothing_and_a_deleted_user_leaves_no_factor() {
    let stage = Stage::new();
    let (id, device) = stage.with_totp();
    stage.model.suspend_user(&stage.alice.id, &stage.cause).unwrap();
    let refusal = stage.verify(&id, &stage.code(&device)).unwrap_err();
    assert_eq!(refusal, FactorRefusal::UserNotActive(UserStatus::Suspended));
    stage.model.deactivate_user(&stage.alice.id, &stage.cause).unwrap();
    assert!(stage.model.enroll_totp(&stage.alice.id, "acme.okta.test").is_err());
    stage.model.delete_user(&stage.alice.id, &stage.cause).unwrap();
    assert!(stage.model.factor(&id).is_none());
}

#[test]
fn no_secret_is_shown() {
    let stage = Stage::new();
    let enrolment = stage.model.enroll_totp(&stage.alice.id, "acme.okta.test").unwrap();
    let shown = format!("{enrolment:?} {:?}", stage.model);
    assert!(!shown.contains(enrolment.secret.expose()), "{shown}");
}
