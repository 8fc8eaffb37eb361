use std::time::Duration;

use ground::{Secret, random};
use tokio::time::timeout;

use super::Stage;
use crate::device::{Decision, Device, PushActivation, Scanned};
use crate::model::*;

/// How long anything may take. Real time.
const DEADLINE: Duration = Duration::from_secs(20);

/// Alice's phone, which gets her notifications.
struct Phone {
    device: Device,
    factor: FactorId,
    token: Secret,
}

fn scan(device: &mut Device, uri: &Secret) -> PushActivation {
    let Scanned::Push { org, activation } = device.scan(uri).unwrap() else { panic!("it is for push") };
    assert_eq!(org.as_str(), "https://acme.okta.test/");
    activation
}

impl Phone {
    fn enrolled(stage: &Stage) -> Self {
        let mut device = Device::new("Alice's phone");
        let enrolment = stage.model.enroll_push(&stage.alice.id, "https://acme.okta.test").unwrap();
        let activation = scan(&mut device, &enrolment.uri);
        let token = stage.model.activate_push(&activation, &stage.cause).unwrap().device_token;
        Self { device, factor: enrolment.factor.id.clone(), token }
    }

    /// Answers the notification that waits.
    fn answer(
        &self,
        stage: &Stage,
        decision: Decision,
        number: Option<u8>,
    ) -> Result<PushState, FactorRefusal> {
        let waiting = stage.model.pushes_for(self.token.expose()).unwrap();
        let answer = self.device.answer(&waiting[0], decision, number);
        stage.model.answer_push(&answer).map(|transaction| transaction.state)
    }
}

impl Stage {
    fn push(&self, phone: &Phone, with_number: bool) -> PushTransaction {
        self.model.begin_push(&phone.factor, with_number, &self.cause).unwrap()
    }

    fn state(&self, push: &PushTransaction) -> PushState {
        self.model.push(&push.id).unwrap().state
    }
}

#[test]
fn a_device_is_enrolled_by_a_qr_code_once_and_in_time() {
    let stage = Stage::new();
    let (model, cause) = (&stage.model, &stage.cause);
    let enrolment = model.enroll_push(&stage.alice.id, "https://acme.okta.test").unwrap();
    let (mut phone, mut thief) = (Device::new("Alice's phone"), Device::new("Mallory's phone"));
    let activation = scan(&mut phone, &enrolment.uri);
    let mut guessed = activation.clone();
    guessed.token = Secret::new("activation token", random::token());
    assert_eq!(model.activate_push(&guessed, cause).unwrap_err(), FactorRefusal::Expired);
    let mut nameless = activation.clone();
    nameless.device.id = "../x".into();
    assert_eq!(model.activate_push(&nameless, cause).unwrap_err(), FactorRefusal::Malformed);
    model.activate_push(&activation, cause).unwrap();
    let factor = model.factor(&enrolment.factor.id).unwrap();
    assert_eq!((factor.status, factor.name.as_deref()), (FactorStatus::Active, Some("Alice's phone")));
    let late = scan(&mut thief, &enrolment.uri);
    assert_eq!(model.activate_push(&late, cause).unwrap_err(), FactorRefusal::Expired);
    model.reset_factors(&stage.alice.id, cause).unwrap();
    let enrolment = model.enroll_push(&stage.alice.id, "https://acme.okta.test").unwrap();
    let activation = scan(&mut phone, &enrolment.uri);
    stage.advance(600);
    assert_eq!(model.activate_push(&activation, cause).unwrap_err(), FactorRefusal::Expired);
    assert_eq!(stage.logged(), ["user.mfa.factor.activate", "user.mfa.factor.reset_all"]);
}

#[test]
fn a_push_is_approved_or_denied_once() {
    let stage = Stage::new();
    let phone = Phone::enrolled(&stage);
    let push = stage.push(&phone, false);
    assert_eq!((stage.state(&push), push.number), (PushState::Waiting, None));
    let waiting = stage.model.pushes_for(phone.token.expose()).unwrap();
    assert_eq!((waiting.len(), waiting[0].login.as_str()), (1, "alice@acme.test"));
    let PushState::Approved(verified) = phone.answer(&stage, Decision::Approve, None).unwrap() else {
        panic!("it was approved")
    };
    assert_eq!((&verified.user, verified.kind.amr()), (&stage.alice.id, "swk"));
    assert!(!verified.characteristics.phishing_resistant && verified.characteristics.user_presence);
    assert_eq!(stage.state(&push), PushState::Approved(verified));
    let again = phone.device.answer(&waiting[0], Decision::Deny, None);
    assert_eq!(stage.model.answer_push(&again), Err(FactorRefusal::Expired));
    assert_eq!(stage.model.pushes_for(phone.token.expose()), Some(vec![]));
    let denied = stage.push(&phone, false);
    assert_eq!(phone.answer(&stage, Decision::Deny, None), Ok(PushState::Rejected));
    assert_eq!(stage.state(&denied), PushState::Rejected);
    assert_eq!(
        stage.logged(),
        [
            "user.mfa.factor.activate",
            "user.authentication.auth_via_mfa",
            "user.authentication.auth_via_mfa: INVALID_CREDENTIALS",
        ]
    );
}

#[test]
fn with_a_number_challenge_only_the_number_that_the_page_shows_will_do() {
    let stage = Stage::new();
    let phone = Phone::enrolled(&stage);
    for _ in 0..50 {
        let push = stage.push(&phone, true);
        let right = push.number.unwrap();
        let shown = stage.model.pushes_for(phone.token.expose()).unwrap()[0].numbers.unwrap();
        assert!(shown.contains(&right) && shown.is_sorted() && shown.iter().all(|n| (10..100).contains(n)));
        assert!(shown[0] != shown[1] && shown[1] != shown[2]);
        assert!(matches!(phone.answer(&stage, Decision::Approve, Some(right)), Ok(PushState::Approved(_))));
    }
    let push = stage.push(&phone, true);
    let shown = stage.model.pushes_for(phone.token.expose()).unwrap()[0].numbers.unwrap();
    let wrong = shown.into_iter().find(|number| Some(*number) != push.number);
    assert_eq!(phone.answer(&stage, Decision::Approve, wrong), Ok(PushState::Rejected));
    stage.push(&phone, true);
    assert_eq!(phone.answer(&stage, Decision::Approve, None), Ok(PushState::Rejected));
    stage.push(&phone, false);
    assert_eq!(phone.answer(&stage, Decision::Approve, Some(42)), Ok(PushState::Rejected));
}

#[test]
fn a_push_times_out_after_five_minutes_and_the_log_says_nothing() {
    let stage = Stage::new();
    let phone = Phone::enrolled(&stage);
    let push = stage.push(&phone, false);
    let waiting = stage.model.pushes_for(phone.token.expose()).unwrap().remove(0);
    stage.advance(299);
    assert_eq!(stage.state(&push), PushState::Waiting);
    stage.advance(1);
    assert_eq!(stage.state(&push), PushState::TimedOut);
    let late = phone.device.answer(&waiting, Decision::Approve, None);
    assert_eq!(stage.model.answer_push(&late), Err(FactorRefusal::Expired));
    assert_eq!(stage.logged(), ["user.mfa.factor.activate"]);
}

#[test]
fn what_another_device_says_changes_nothing() {
    let stage = Stage::new();
    let phone = Phone::enrolled(&stage);
    let push = stage.push(&phone, false);
    let waiting = stage.model.pushes_for(phone.token.expose()).unwrap().remove(0);
    let mut forged = Device::new("Mallory's phone").answer(&waiting, Decision::Approve, None);
    assert_eq!(stage.model.answer_push(&forged), Err(FactorRefusal::WrongDevice));
    forged.device = phone.device.id().to_owned();
    assert_eq!(stage.model.answer_push(&forged), Err(FactorRefusal::WrongDevice));
    // A denial can't be turned into an approval.
    let mut turned = phone.device.answer(&waiting, Decision::Deny, None);
    turned.decision = Decision::Approve;
    assert_eq!(stage.model.answer_push(&turned), Err(FactorRefusal::WrongDevice));
    assert_eq!(stage.state(&push), PushState::Waiting);
    assert_eq!(stage.model.pushes_for(&random::token()), None);
    // Nor is an approval of one sign-in one of another.
    let other = stage.push(&phone, false);
    let mut moved = phone.device.answer(&waiting, Decision::Approve, None);
    moved.transaction = other.id.to_string();
    assert_eq!(stage.model.answer_push(&moved), Err(FactorRefusal::WrongDevice));
}

#[test]
fn five_denials_block_even_an_approval() {
    let stage = Stage::new();
    let phone = Phone::enrolled(&stage);
    let early = stage.push(&phone, false);
    let waiting = stage.model.pushes_for(phone.token.expose()).unwrap().remove(0);
    for _ in 0..5 {
        let push = stage.push(&phone, false);
        let shown = stage.model.pushes_for(phone.token.expose()).unwrap();
        let latest = shown.iter().find(|shown| shown.transaction == push.id.as_str()).unwrap();
        let denied = phone.device.answer(latest, Decision::Deny, None);
        assert_eq!(stage.model.answer_push(&denied).unwrap().state, PushState::Rejected);
    }
    let refused = stage.model.begin_push(&phone.factor, false, &stage.cause).unwrap_err();
    assert!(matches!(refused, FactorRefusal::TooManyFailures { .. }));
    let late = phone.device.answer(&waiting, Decision::Approve, None);
    assert_eq!(stage.model.answer_push(&late).unwrap().state, PushState::Rejected);
    assert_eq!(stage.state(&early), PushState::Rejected);
}

#[test]
fn a_waiting_suspended_or_foreign_factor_gets_no_push() {
    let stage = Stage::new();
    let (totp, _) = stage.with_totp();
    let begin = |id: &FactorId| stage.model.begin_push(id, false, &stage.cause).unwrap_err();
    assert_eq!(begin(&totp), FactorRefusal::NotFound);
    let enrolment = stage.model.enroll_push(&stage.alice.id, "https://acme.okta.test").unwrap();
    assert_eq!(begin(&enrolment.factor.id), FactorRefusal::NotActive);
    stage.model.reset_factors(&stage.alice.id, &stage.cause).unwrap();
    let phone = Phone::enrolled(&stage);
    let push = stage.push(&phone, false);
    stage.model.suspend_user(&stage.alice.id, &stage.cause).unwrap();
    assert_eq!(begin(&phone.factor), FactorRefusal::UserNotActive(UserStatus::Suspended));
    assert_eq!(phone.answer(&stage, Decision::Approve, None), Ok(PushState::Rejected));
    assert_eq!(stage.state(&push), PushState::Rejected);
}

#[tokio::test]
async fn whoever_waits_for_an_answer_learns_of_it_at_once() {
    let stage = Stage::new();
    let enrolment = stage.model.enroll_push(&stage.alice.id, "https://acme.okta.test").unwrap();
    let mut device = Device::new("Alice's phone");
    let activation = scan(&mut device, &enrolment.uri);
    let (activated, token) =
        tokio::join!(timeout(DEADLINE, stage.model.factor_activated(&enrolment.factor.id)), async {
            stage.model.activate_push(&activation, &stage.cause).unwrap().device_token
        },);
    assert_eq!(activated.unwrap().unwrap().status, FactorStatus::Active);
    let phone = Phone { device, factor: enrolment.factor.id.clone(), token };
    let (waiting, push) =
        tokio::join!(timeout(DEADLINE, stage.model.push_sent(phone.token.expose())), async {
            stage.push(&phone, false)
        },);
    assert_eq!(waiting.unwrap().unwrap().len(), 1);
    let (decided, _) = tokio::join!(timeout(DEADLINE, stage.model.push_decided(&push.id)), async {
        phone.answer(&stage, Decision::Deny, None)
    },);
    assert_eq!(decided.unwrap().unwrap().state, PushState::Rejected);
    let push = stage.push(&phone, false);
    let (decided, ()) =
        tokio::join!(timeout(DEADLINE, stage.model.push_decided(&push.id)), async { stage.advance(300) },);
    assert_eq!(decided.unwrap().unwrap().state, PushState::TimedOut);
    assert_eq!(stage.model.push_decided(&PushId::new("v2mst.unknown")).await, None);
}
