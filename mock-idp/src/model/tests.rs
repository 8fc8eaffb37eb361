//! The rules of the domain.

use ground::{Clock, Secret, Sink};

use super::*;

const CALLBACK: &str = "https://app.test/cb";

fn org() -> (Model, Cause) {
    (Model::new(Clock::new(), Sink::forgetful()), Cause::system())
}

fn alice() -> NewUser {
    NewUser::new(Profile::new("alice@acme.test", "Alice", "Archer"), Secret::new("password", "correct horse"))
}

#[test]
fn a_user_is_active_once_it_is_activated_and_has_a_password() {
    let (model, cause) = org();
    let staged = model.create_user(NewUser { activate: false, password: None, ..alice() }, &cause).unwrap();
    assert_eq!(staged.status, UserStatus::Staged);
    assert_eq!(model.activate_user(&staged.id, &cause).unwrap().status, UserStatus::Provisioned);
    let password = Secret::new("password", "correct horse");
    assert_eq!(model.set_password(&staged.id, &password, &cause).unwrap().status, UserStatus::Active);
    model.verify_password("Alice@ACME.test", &password, &cause).unwrap();
    for wrong in ["", &"x".repeat(73)] {
        model.set_password(&staged.id, &Secret::new("password", wrong), &cause).unwrap_err();
    }
    model.verify_password("alice@acme.test", &password, &cause).unwrap();
}

#[test]
fn a_user_without_a_password_has_none_that_matches() {
    let (model, cause) = org();
    model.create_user(NewUser { password: None, ..alice() }, &cause).unwrap();
    let nothing = Secret::new("password", "");
    let refusal = model.verify_password("alice@acme.test", &nothing, &cause).unwrap_err();
    assert!(matches!(refusal, SignInRefusal::WrongPassword(_)));
}

#[test]
fn whoever_is_deactivated_loses_assignments_and_administration_and_keeps_groups() {
    let (model, cause) = org();
    let alice = model.create_user(alice(), &cause).unwrap();
    let group = model.create_group("Engineering", "", &cause).unwrap();
    let app = model.create_app(NewApp::web("ngrok", CALLBACK), &cause).unwrap();
    model.add_to_group(&group.id, &alice.id, &cause).unwrap();
    model.assign_user(&app.id, &alice.id, &cause).unwrap();
    model.set_administrator(&alice.id, true, &cause).unwrap();
    model.delete_user(&alice.id, &cause).unwrap_err();
    model.deactivate_user(&alice.id, &cause).unwrap();
    assert_eq!(model.assignment(&app.id, &alice.id), None);
    assert!(!model.is_administrator(&alice.id));
    assert_eq!(model.groups_of(&alice.id).len(), 2);
    model.deactivate_user(&alice.id, &cause).unwrap_err();
    assert_eq!(model.activate_user(&alice.id, &cause).unwrap().status, UserStatus::Active);
}

#[test]
fn a_deleted_user_leaves_no_trace_but_the_log() {
    let (model, cause) = org();
    let first = model.create_user(alice(), &cause).unwrap();
    let group = model.create_group("Engineering", "", &cause).unwrap();
    model.add_to_group(&group.id, &first.id, &cause).unwrap();
    model.deactivate_user(&first.id, &cause).unwrap();
    model.delete_user(&first.id, &cause).unwrap();
    assert!(model.user(&first.id).is_none());
    assert!(model.members(&group.id, &PageRequest::all()).unwrap().items.is_empty());
    assert!(model.members(model.everyone(), &PageRequest::all()).unwrap().items.is_empty());
    let second = model.create_user(alice(), &cause).unwrap();
    assert_ne!(first.id, second.id, "the login is free again");
}

#[test]
fn logins_are_one_persons_whatever_their_letter_case() {
    let (model, cause) = org();
    let alice = model.create_user(alice(), &cause).unwrap();
    let bob = NewUser::new(Profile::new("bob@acme.test", "", ""), Secret::new("password", "x"));
    let bob = model.create_user(bob, &cause).unwrap();
    let taken = Profile::new("ALICE@acme.test", "", "");
    model.update_profile(&bob.id, taken.clone(), &cause).unwrap_err();
    model.update_profile(&alice.id, taken, &cause).unwrap();
    assert_eq!(model.user_by_login("alice@acme.test").unwrap().profile.login, "ALICE@acme.test");
    model.update_profile(&alice.id, Profile::new("al@acme.test", "", ""), &cause).unwrap();
    assert!(model.user_by_login("alice@acme.test").is_none());
}

#[test]
fn everyone_is_in_the_built_in_group_which_nobody_changes() {
    let (model, cause) = org();
    let alice = model.create_user(alice(), &cause).unwrap();
    let app = model.create_app(NewApp::web("ngrok", CALLBACK), &cause).unwrap();
    let everyone = model.everyone().clone();
    model.assign_group(&app.id, &everyone, &cause).unwrap();
    assert_eq!(model.assignment(&app.id, &alice.id), Some(AssignmentScope::Group(everyone.clone())));
    assert_eq!(model.remove_from_group(&everyone, &alice.id, &cause), Err(ModelError::BuiltInGroup));
    assert_eq!(model.delete_group(&everyone, &cause), Err(ModelError::BuiltInGroup));
    assert!(model.update_group(&everyone, "All", "", &cause).is_err());
}

#[test]
fn a_deleted_group_lets_nobody_in_any_more() {
    let (model, cause) = org();
    let alice = model.create_user(alice(), &cause).unwrap();
    let group = model.create_group("Engineering", "", &cause).unwrap();
    let app = model.create_app(NewApp::web("ngrok", CALLBACK), &cause).unwrap();
    model.add_to_group(&group.id, &alice.id, &cause).unwrap();
    model.assign_group(&app.id, &group.id, &cause).unwrap();
    model.delete_group(&group.id, &cause).unwrap();
    assert_eq!(model.assignment(&app.id, &alice.id), None);
    assert!(model.app_groups(&app.id, &PageRequest::all()).unwrap().items.is_empty());
    assert_eq!(model.groups_of(&alice.id).len(), 1);
}

#[test]
fn what_changes_nothing_is_not_logged() {
    let (model, cause) = org();
    let alice = model.create_user(alice(), &cause).unwrap();
    let app = model.create_app(NewApp::web("ngrok", CALLBACK), &cause).unwrap();
    let logged = |event: EventType| {
        let query = LogQuery { event_types: vec![event.name().into()], ..LogQuery::default() };
        model.log_events(&query).items.len()
    };
    for _ in 0..2 {
        model.assign_user(&app.id, &alice.id, &cause).unwrap();
    }
    for _ in 0..2 {
        model.unassign_user(&app.id, &alice.id, &cause).unwrap();
    }
    assert_eq!((logged(EventType::AppUserAdd), logged(EventType::AppUserRemove)), (1, 1));
}

#[test]
fn a_refused_change_changes_nothing() {
    let (model, cause) = org();
    let app = model.create_app(NewApp::web("ngrok", CALLBACK), &cause).unwrap();
    let log = model.log_events(&LogQuery::default()).items.len();
    let public =
        ClientSettings { token_endpoint_auth_method: TokenEndpointAuthMethod::None, ..app.settings.clone() };
    assert!(
        model.update_app(&app.id, "ngrok", public.clone(), &cause).is_err(),
        "public clients need a challenge"
    );
    let tile =
        ClientSettings { login_initiated_by: LoginInitiatedBy::EitherOktaOrApp, ..app.settings.clone() };
    assert!(model.update_app(&app.id, "ngrok", tile, &cause).is_err(), "a tile must lead somewhere");
    let now = model.app(&app.id).unwrap();
    assert_eq!((&now.settings, now.last_updated), (&app.settings, app.last_updated));
    assert_eq!(model.log_events(&LogQuery::default()).items.len(), log);
    let public = ClientSettings { pkce_required: true, ..public };
    assert!(model.update_app(&app.id, "ngrok", public, &cause).unwrap().secret.is_none());
    let secret = model.update_app(&app.id, "ngrok", app.settings.clone(), &cause).unwrap().secret.clone();
    assert_ne!(secret, app.secret, "a client that becomes confidential again has a new secret");
}

#[test]
fn only_administrators_make_api_tokens() {
    let (model, cause) = org();
    let alice = model.create_user(alice(), &cause).unwrap();
    assert!(model.create_api_token("x", &alice.id, &cause).is_err());
    model.set_administrator(&alice.id, true, &cause).unwrap();
    let token = model.create_api_token("x", &alice.id, &cause).unwrap();
    assert_eq!(token.secret().expose().len(), 42);
    assert!(model.api_token(token.secret().expose()).is_some());
    model.suspend_user(&alice.id, &cause).unwrap();
    assert!(model.api_token(token.secret().expose()).is_none());
}

#[test]
fn the_log_is_bounded_and_keeps_its_positions() {
    let (model, cause) = org();
    let app = model.create_app(NewApp::web("ngrok", CALLBACK), &cause).unwrap();
    let start = model.log_events(&LogQuery::default()).next;
    for _ in 0..20_100 {
        model.log(Entry::of(EventType::Authorize).to(app.party()), &cause);
    }
    let all = model.log_events(&LogQuery::default()).items;
    assert_eq!(all.len(), 20_000);
    let rest = LogQuery { after: start, ..LogQuery::default() };
    assert_eq!(model.log_events(&rest).items.len(), 20_000, "what is gone is skipped");
    let last = model.log_events(&LogQuery { descending: true, limit: Some(1), ..LogQuery::default() });
    assert_eq!(last.items[0].uuid, all[19_999].uuid);
    assert_eq!(
        model
            .log_events(&LogQuery { words: vec!["NGROK".into()], limit: Some(5), ..LogQuery::default() })
            .items
            .len(),
        5
    );
}
