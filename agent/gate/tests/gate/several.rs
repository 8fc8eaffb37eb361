//! Several gates on one endpoint, and what is asked of the issuer besides.

use gate::{Admission, Draft, Gate, Refusal, SettingsError, Visitor};

use crate::world::{Answered, Browser, SESSION, World, draft, location, parameter};

const STAFF_SESSION: &str = "__Host-gate-session-staff";

fn staff(world: &World) -> Gate {
    let draft = Draft {
        auth_id: "staff".to_owned(),
        authz_url_params: vec![("acr_values".to_owned(), "urn:okta:loa:2fa:any".to_owned())],
        ..draft()
    };
    world.gate("app", draft.check().unwrap())
}

async fn sign_in(world: &World, gate: &Gate, through: &Gate, browser: &mut Browser) {
    let authorize = location(&browser.open(gate, "/").await.answered());
    let parked = world.identity_host(&world.org.sign_in(&authorize));
    let answer = browser.follow(through, &location(&parked)).await;
    assert_eq!(answer.status(), 303, "{:?}", world.refusals());
}

async fn is_in(gate: &Gate, browser: &mut Browser) -> bool {
    matches!(browser.open(gate, "/").await, Admission::Pass(Visitor::Person(_)))
}

#[tokio::test]
async fn each_gate_has_sessions_of_its_own_and_any_of_them_ends_a_login() {
    let world = World::new();
    let staff = staff(&world);
    let mut browser = Browser::new();
    sign_in(&world, &staff, &world.app, &mut browser).await;
    assert!(browser.cookie(STAFF_SESSION).is_some());
    assert_eq!(browser.cookie(SESSION), None);
    assert!(is_in(&staff, &mut browser).await);
    assert!(!is_in(&world.app, &mut browser).await);
    sign_in(&world, &world.app, &world.app, &mut browser).await;
    assert!(is_in(&staff, &mut browser).await && is_in(&world.app, &mut browser).await);
    assert_eq!(world.party.sessions().len(), 2);
    // A cookie under the other's name opens nothing, and ends what it opened.
    let mut thief = Browser::new();
    thief.plant(SESSION, browser.cookie(STAFF_SESSION).unwrap());
    assert!(!is_in(&world.app, &mut thief).await);
}

#[tokio::test]
async fn signing_out_ends_the_sessions_of_all_gates() {
    let world = World::new();
    let staff = staff(&world);
    let mut browser = Browser::new();
    sign_in(&world, &staff, &world.app, &mut browser).await;
    sign_in(&world, &world.app, &world.app, &mut browser).await;
    assert_eq!(browser.open(&world.app, "/ngrok/logout").await.answered().status(), 200);
    assert!(world.party.sessions().is_empty());
    assert_eq!((browser.cookie(SESSION), browser.cookie(STAFF_SESSION)), (None, None));
}

#[tokio::test]
async fn the_sessions_of_all_gates_that_an_endpoint_still_has_go_on() {
    let world = World::new();
    let staff = staff(&world);
    let mut browser = Browser::new();
    sign_in(&world, &staff, &world.app, &mut browser).await;
    sign_in(&world, &world.app, &world.app, &mut browser).await;
    world.party.end_other_sessions(world.app.endpoint(), [world.app.settings(), staff.settings()]);
    assert_eq!(world.party.sessions().len(), 2);
    world.party.end_other_sessions(world.app.endpoint(), Some(staff.settings()));
    assert_eq!(world.party.sessions().len(), 1);
    world.party.end_other_sessions(world.app.endpoint(), None);
    assert!(world.party.sessions().is_empty());
}

#[tokio::test]
async fn a_login_whose_own_gate_has_other_settings_by_now_is_refused() {
    let world = World::new();
    let mut browser = Browser::new();
    let authorize = location(&browser.open(&staff(&world), "/").await.answered());
    let parked = world.identity_host(&world.org.sign_in(&authorize));
    let changed = Draft { auth_id: "staff".to_owned(), ..draft() };
    let changed = world.gate("app", changed.check().unwrap());
    browser.follow(&changed, &location(&parked)).await;
    assert_eq!(world.refusals(), [Refusal::SettingsChanged]);
    assert!(world.party.sessions().is_empty());
}

#[tokio::test]
async fn more_is_asked_of_the_issuer_and_nothing_else_than_before() {
    let world = World::with(|draft| {
        let parameters = [("prompt", "consent"), ("audience", "api://app"), ("login_hint", "bob")];
        draft.authz_url_params = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    });
    let mut browser = Browser::new();
    let authorize = world.begin(&mut browser, "/").await;
    for (name, value) in [("prompt", "consent"), ("audience", "api://app"), ("login_hint", "bob")] {
        assert_eq!(parameter(&authorize, name).as_deref(), Some(value));
    }
    let forced = location(&browser.open(&world.app, "/ngrok/login?login_hint=alice").await.answered());
    assert_eq!(parameter(&forced, "prompt").as_deref(), Some("login"));
    assert_eq!(parameter(&forced, "login_hint").as_deref(), Some("alice"));
    assert_eq!(forced.matches("prompt=").count() + forced.matches("login_hint=").count(), 2);
}

#[test]
fn what_a_gate_cannot_be_is_refused() {
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        draft.check().map(|settings| settings.session_cookie().to_owned())
    };
    for auth_id in ["a b", "a;", "ä", "a=", &"a".repeat(65)] {
        let refused = with(&|draft| draft.auth_id = auth_id.to_owned());
        assert_eq!(refused, Err(SettingsError::AuthIdInvalid(auth_id.to_owned())));
    }
    assert_eq!(with(&|draft| draft.auth_id = "staff".to_owned()).as_deref(), Ok(STAFF_SESSION));
    for name in ["state", "redirect_uri", "response_mode", "scope", "nonce", "request"] {
        let refused = with(&|draft| draft.authz_url_params = vec![(name.to_owned(), "x".to_owned())]);
        assert_eq!(refused, Err(SettingsError::ParameterReserved(name.to_owned())));
    }
    let twice = with(&|draft| draft.authz_url_params = vec![("a".to_owned(), "x".to_owned()); 2]);
    assert_eq!(twice, Err(SettingsError::ParameterReserved("a".to_owned())));
    let often = with(&|draft| draft.userinfo_refresh_interval = Some(std::time::Duration::from_millis(1)));
    assert_eq!(often, Err(SettingsError::RefreshTooOften));
}
