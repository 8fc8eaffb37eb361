//! Lockout, expiry, change and recovery, from the outside.

use std::sync::Arc;
use std::time::Duration;

use ground::{Clock, Secret, Sink};

use crate::model::*;

const LOGIN: &str = "alice@acme.test";
const RIGHT: &str = "correct horse";

struct Stage {
    clock: Clock,
    model: Model,
    cause: Cause,
    alice: Arc<User>,
}

impl Stage {
    fn new(settings: PasswordSettings) -> Self {
        let (clock, cause) = (Clock::new(), Cause::system());
        let model = Model::new(clock.clone(), Sink::forgetful());
        let new = NewUser::new(Profile::new(LOGIN, "Alice", "Archer"), password(RIGHT));
        let alice = model.create_user(new, &cause).unwrap();
        model.set_password_settings(settings);
        Self { clock, model, cause, alice }
    }

    fn advance(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    fn sign_in(&self, text: &str) -> Result<(), SignInRefusal> {
        self.model.verify_password(LOGIN, &password(text), &self.cause).map(drop)
    }

    fn fail(&self, times: u32) {
        for _ in 0..times {
            assert_eq!(self.sign_in("wrong"), Err(SignInRefusal::WrongPassword(self.alice.id.clone())));
        }
    }

    fn refused_as(&self, status: UserStatus) -> Result<(), SignInRefusal> {
        Err(SignInRefusal::NotActive(self.alice.id.clone(), status))
    }

    fn must_change(&self) -> Result<(), SignInRefusal> {
        Err(SignInRefusal::PasswordExpired(self.alice.id.clone()))
    }

    fn status(&self) -> UserStatus {
        self.model.user(&self.alice.id).unwrap().status
    }

    fn change(&self, old: &str, new: &str) -> Result<UserStatus, ModelError> {
        let changed = self.model.change_password(&self.alice.id, &password(old), &password(new), &self.cause);
        changed.map(|user| user.status)
    }

    /// What the System Log has of the account, as `event type` or `event type: reason`.
    fn logged(&self) -> Vec<String> {
        let entries = self.model.log_events(&LogQuery::default()).items.into_iter();
        let entries = entries.filter(|entry| entry.event_type.name().contains("account"));
        let text = |entry: &LogEvent| match &entry.outcome.reason {
            Some(reason) => format!("{}: {reason}", entry.event_type),
            None => entry.event_type.to_string(),
        };
        entries.map(|entry| text(&entry)).collect()
    }
}

fn password(text: &str) -> Secret {
    Secret::new("password", text)
}

#[test]
fn ten_wrong_passwords_lock_and_an_administrator_unlocks() {
    let stage = Stage::new(PasswordSettings::default());
    stage.fail(9);
    stage.sign_in(RIGHT).unwrap();
    stage.fail(9);
    assert_eq!(stage.status(), UserStatus::Active, "a right one starts the count anew");
    stage.fail(1);
    assert_eq!(stage.status(), UserStatus::LockedOut);
    assert_eq!(stage.sign_in(RIGHT), stage.refused_as(UserStatus::LockedOut));
    assert_eq!(stage.sign_in("wrong"), stage.refused_as(UserStatus::LockedOut));
    stage.advance(60 * 24 * 365);
    assert_eq!(stage.sign_in(RIGHT), stage.refused_as(UserStatus::LockedOut), "no time unlocks by default");
    stage.model.unlock_user(&stage.alice.id, &stage.cause).unwrap();
    stage.sign_in(RIGHT).unwrap();
    let again = stage.model.unlock_user(&stage.alice.id, &stage.cause).unwrap_err();
    assert_eq!(again, ModelError::NotLocked);
    assert_eq!(stage.logged(), ["user.account.lock: LOCKED_OUT", "user.account.unlock_by_admin"]);
}

#[test]
fn a_lock_ends_by_itself_when_the_settings_say_so() {
    let settings = PasswordSettings { max_attempts: 2, auto_unlock_minutes: 30, ..Default::default() };
    let stage = Stage::new(settings);
    stage.fail(2);
    stage.advance(29);
    assert_eq!(stage.status(), UserStatus::LockedOut);
    stage.advance(1);
    assert_eq!(stage.status(), UserStatus::Active, "whoever looks sees it unlocked");
    stage.fail(1);
    stage.sign_in(RIGHT).unwrap();
    // An administrator was faster, and the next lock lasts its own time.
    stage.fail(2);
    stage.advance(20);
    stage.model.unlock_user(&stage.alice.id, &stage.cause).unwrap();
    stage.fail(2);
    stage.advance(20);
    assert_eq!(stage.status(), UserStatus::LockedOut);
    stage.advance(10);
    assert_eq!(stage.status(), UserStatus::Active);
    assert_eq!(
        stage.logged(),
        [
            "user.account.lock: LOCKED_OUT",
            "user.account.unlock",
            "user.account.lock: LOCKED_OUT",
            "user.account.unlock_by_admin",
            "user.account.lock: LOCKED_OUT",
            "user.account.unlock",
        ]
    );
}

#[test]
fn nobody_is_locked_where_no_number_is_set_or_who_may_not_sign_in_anyway() {
    let stage = Stage::new(PasswordSettings { max_attempts: 0, ..Default::default() });
    stage.fail(50);
    stage.sign_in(RIGHT).unwrap();
    stage.model.set_password_settings(PasswordSettings { max_attempts: 1, ..Default::default() });
    stage.model.suspend_user(&stage.alice.id, &stage.cause).unwrap();
    stage.fail(3);
    assert_eq!(stage.status(), UserStatus::Suspended);
}

#[test]
fn an_expired_password_must_be_changed_and_a_lock_does_not_spare_that() {
    let stage =
        Stage::new(PasswordSettings { max_attempts: 1, auto_unlock_minutes: 5, ..Default::default() });
    stage.model.expire_password(&stage.alice.id, &stage.cause).unwrap();
    assert_eq!(stage.sign_in(RIGHT), stage.must_change());
    stage.fail(1);
    assert_eq!(stage.sign_in(RIGHT), stage.refused_as(UserStatus::LockedOut));
    stage.advance(5);
    assert_eq!(stage.sign_in(RIGHT), stage.must_change());
    assert_eq!(stage.change(RIGHT, "battery staple"), Ok(UserStatus::Active));
    stage.sign_in("battery staple").unwrap();
}

#[test]
fn a_password_set_while_locked_is_not_expired_afterwards() {
    let stage = Stage::new(PasswordSettings { max_attempts: 1, ..Default::default() });
    stage.model.expire_password(&stage.alice.id, &stage.cause).unwrap();
    stage.fail(1);
    stage.model.set_password(&stage.alice.id, &password("battery staple"), &stage.cause).unwrap();
    assert_eq!(stage.status(), UserStatus::LockedOut);
    stage.model.unlock_user(&stage.alice.id, &stage.cause).unwrap();
    stage.sign_in("battery staple").unwrap();
}

#[test]
fn a_password_expires_by_age_and_its_owner_is_warned_before() {
    let stage = Stage::new(PasswordSettings { max_age_days: 90, expire_warn_days: 5, ..Default::default() });
    let (expires, warned) = stage.model.password_expiry(&stage.model.user(&stage.alice.id).unwrap()).unwrap();
    assert_eq!((expires - warned).num_days(), 5);
    stage.advance(60 * 24 * 90 - 1);
    stage.sign_in(RIGHT).unwrap();
    stage.advance(1);
    assert_eq!(stage.sign_in("wrong"), Err(SignInRefusal::WrongPassword(stage.alice.id.clone())));
    assert_eq!(stage.status(), UserStatus::Active, "only its owner is told");
    assert_eq!(stage.sign_in(RIGHT), stage.must_change());
    assert_eq!(stage.status(), UserStatus::PasswordExpired);
    stage.change(RIGHT, "battery staple").unwrap();
    stage.sign_in("battery staple").unwrap();
    assert_eq!(stage.logged(), ["user.account.expire_password", "user.account.update_password"]);
}

#[test]
fn a_change_needs_the_old_password_and_a_new_one_that_is_new() {
    let stage = Stage::new(PasswordSettings { history_count: 2, ..Default::default() });
    let refused = |reason: &str| Err(ModelError::PasswordNotTaken(reason.to_owned()));
    let recently = "Password has been used too recently";
    assert_eq!(stage.change("wrong", "second"), refused("Old Password is not correct"));
    assert_eq!(stage.change(RIGHT, RIGHT), refused(recently));
    stage.change(RIGHT, "second").unwrap();
    assert_eq!(stage.change("second", RIGHT), refused(recently));
    stage.change("second", "third").unwrap();
    stage.change("third", RIGHT).unwrap();
    stage.model.suspend_user(&stage.alice.id, &stage.cause).unwrap();
    assert_eq!(stage.change(RIGHT, "fourth"), Err(ModelError::PasswordChangeNotAllowed));
}

#[test]
fn complexity_counts_wherever_a_password_is_set() {
    let complexity = PasswordComplexity::OKTA;
    let stage = Stage::new(PasswordSettings { complexity, history_count: 0, ..Default::default() });
    let (model, cause) = (&stage.model, &stage.cause);
    let weak = password("Alice2026");
    assert!(matches!(
        model.set_password(&stage.alice.id, &weak, cause),
        Err(ModelError::Invalid { field: "password", .. })
    ));
    let bob = NewUser::new(Profile::new("bob@acme.test", "Bob", "Bow"), password("short"));
    assert!(matches!(model.create_user(bob, cause), Err(ModelError::Invalid { field: "password", .. })));
    let reason = "Password requirements were not met. Password requirements: at least 8 characters, a lowercase \
                  letter, an uppercase letter, a number, no parts of your username.";
    assert_eq!(stage.change(RIGHT, "Alice2026"), Err(ModelError::PasswordNotTaken(reason.to_owned())));
    stage.change(RIGHT, "Tr0ubadour").unwrap();
    stage.sign_in("Tr0ubadour").unwrap();
}

#[test]
fn a_reset_password_is_void_until_a_token_sets_a_new_one_once() {
    let stage = Stage::new(PasswordSettings::default());
    let (model, cause) = (&stage.model, &stage.cause);
    let first = model.reset_password(&stage.alice.id, cause).unwrap().token;
    let second = model.reset_password(&stage.alice.id, cause).unwrap().token;
    assert_eq!(stage.sign_in(RIGHT), stage.refused_as(UserStatus::Recovery));
    assert!(model.user_of_recovery_token(first.expose()).is_none(), "the later token voids it");
    let recover = |token: &Secret, text: &str| model.recover_password(token.expose(), &password(text), cause);
    assert!(recover(&second, RIGHT).is_err(), "it was used too recently");
    assert_eq!(recover(&second, "battery staple").unwrap().status, UserStatus::Active);
    assert_eq!(recover(&second, "third").unwrap_err(), ModelError::InvalidToken);
    stage.sign_in("battery staple").unwrap();
    let late = model.reset_password(&stage.alice.id, cause).unwrap().token;
    stage.advance(60 * 24 * 7);
    assert_eq!(recover(&late, "third").unwrap_err(), ModelError::InvalidToken);
}

#[test]
fn who_is_activated_without_a_password_sets_one_by_a_token() {
    let stage = Stage::new(PasswordSettings::default());
    let (model, cause) = (&stage.model, &stage.cause);
    let profile = Profile::new("bob@acme.test", "Bob", "Bow");
    let bob = model.create_user(NewUser { profile, password: None, activate: true }, cause).unwrap();
    let token = model.activation_token(&bob.id).unwrap().token;
    let again = model.reactivate_user(&bob.id, cause).unwrap().token;
    assert!(model.recover_password(token.expose(), &password("x"), cause).is_err());
    let active = model.recover_password(again.expose(), &password("x"), cause).unwrap();
    assert_eq!(active.status, UserStatus::Active);
    assert_eq!(model.reactivate_user(&bob.id, cause).unwrap_err(), ModelError::WrongStatus);
    assert_eq!(model.activation_token(&bob.id).unwrap_err(), ModelError::WrongStatus);
}
