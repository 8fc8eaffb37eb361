use std::collections::BTreeSet;

use chrono::TimeDelta;
use ground::Secret;
use http::StatusCode;
use serde_json::json;

use super::factors::options;
use crate::device::Device;
use crate::model::{
    Access, Actions, AppSignOn, Assurance, Authenticator, Cause, Characteristics, Choice, Conditions,
    Constraint, EnrollWhen, EnrolmentSettings, EventType, FactorMode, FactorPrompt, Network, NewPolicy,
    NewRule, PolicyKind, PolicySettings, PolicyStatus, Possession, PrimaryFactor, SelfEnrolment,
    SessionLimits, SignOn, UserVerification, ZoneSettings,
};
use crate::testing::phone::with_codes as phone;
use crate::testing::security_key::SecurityKey;
use crate::testing::{Answer, Browser, ORG, PASSWORD, TestOrg, decoded};

const TOTP: &str = "token:software:totp";

/// Lets the app go by a policy whose first rule says this.
pub(super) fn app_rule(org: &TestOrg, conditions: Conditions, action: AppSignOn) {
    let cause = Cause::system();
    let new = NewPolicy {
        kind: PolicyKind::Access,
        name: "Tunnels".into(),
        description: String::new(),
        priority: None,
        status: PolicyStatus::Active,
        groups: BTreeSet::new(),
        settings: PolicySettings::None,
    };
    let policy = org.model().create_policy(new, &cause).unwrap();
    let actions = Actions::AppSignOn(action);
    org.model().create_rule(&policy.id, rule(conditions, actions), &cause).unwrap();
    org.model().set_access_policy(&org.app.id, &policy.id, &cause).unwrap();
}

/// Puts a global session policy before the system's own.
fn session_rule(org: &TestOrg, conditions: Conditions, action: SignOn) {
    let cause = Cause::system();
    let new = NewPolicy {
        kind: PolicyKind::SignOn,
        name: "Everybody".into(),
        description: String::new(),
        priority: None,
        status: PolicyStatus::Active,
        groups: BTreeSet::new(),
        settings: PolicySettings::None,
    };
    let policy = org.model().create_policy(new, &cause).unwrap();
    org.model().create_rule(&policy.id, rule(conditions, Actions::SignOn(action)), &cause).unwrap();
}

fn rule(conditions: Conditions, actions: Actions) -> NewRule {
    NewRule { name: "Rule".into(), priority: None, status: PolicyStatus::Active, conditions, actions }
}

pub(super) fn allow(assurance: Assurance) -> AppSignOn {
    AppSignOn { access: Access::Allow, assurance }
}

fn session(require_factor: Option<FactorPrompt>) -> SignOn {
    let (access, primary_factor) = (Access::Allow, PrimaryFactor::Password);
    SignOn { access, require_factor, primary_factor, session: SessionLimits::default() }
}

impl Browser<'_> {
    /// Sends a form of this page, and shows the page that follows.
    pub(super) async fn proceed(&mut self, page: &Answer, path: &str, field: (&str, &str)) -> Answer {
        let token = page.hidden("stateToken");
        let answer = self.post(&format!("{ORG}{path}"), &[("stateToken", &token), field]).await;
        self.follow(answer).await
    }

    pub(super) async fn follow(&mut self, answer: Answer) -> Answer {
        match answer.location().starts_with("/signin") {
            true => self.get(&format!("{ORG}{}", answer.location())).await,
            false => answer,
        }
    }

    /// Opens the app's request and gives Alice's password.
    pub(super) async fn first_factor(&mut self, url: &str) -> Answer {
        let page = self.get(url).await;
        let answer = self.submit(&page, "alice@acme.test", PASSWORD).await;
        self.follow(answer).await
    }
}

pub(super) async fn claims(org: &TestOrg, answer: &Answer) -> serde_json::Map<String, serde_json::Value> {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let tokens = org.redeem(&code, &[]).await;
    decoded(1, tokens.json()["id_token"].as_str().unwrap())
}

#[tokio::test]
async fn two_factors_are_a_password_and_a_code_and_the_token_says_so() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Conditions::default(), allow(Assurance::two_factors()));
    let phone = phone(&org);
    let mut browser = org.browser();
    let page = browser.first_factor(&org.authorize_url(&[])).await;
    assert!(page.body.contains("Verify it&#39;s you") && page.body.contains("Enter a code"), "{}", page.body);
    assert!(!browser.cookies.keys().any(|(_, name)| name == "idx"), "one factor is no session");
    let page = browser.proceed(&page, "/signin/choose", ("prove", TOTP)).await;
    let page = browser.proceed(&page, "/signin/verify", ("code", "000000")).await;
    assert!(page.body.contains("Invalid Passcode/Answer"), "{}", page.body);
    let code = phone.totp(org.site.now()).unwrap();
    let answer = browser.proceed(&page, "/signin/verify", ("code", &code)).await;
    let claims = claims(&org, &answer).await;
    assert_eq!(claims["amr"], json!(["mfa", "otp", "pwd"]));
    // The same code in another browser is refused.
    let mut other = org.browser();
    let page = other.first_factor(&org.authorize_url(&[])).await;
    let page = other.proceed(&page, "/signin/choose", ("prove", TOTP)).await;
    let page = other.proceed(&page, "/signin/verify", ("code", &code)).await;
    assert!(page.body.contains("Each code can only be used once."), "{}", page.body);
    let evaluations: Vec<String> =
        org.logged().into_iter().filter(|entry| entry.starts_with("policy.evaluate")).collect();
    assert_eq!(evaluations[0], "policy.evaluate_sign_on: Sign-on policy evaluation resulted in CHALLENGE");
    assert!(
        evaluations.contains(&"policy.evaluate_sign_on: Sign-on policy evaluation resulted in ALLOW".into())
    );
}

#[tokio::test]
async fn who_has_no_second_factor_enrols_one_after_the_password() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Conditions::default(), allow(Assurance::two_factors()));
    let mut browser = org.browser();
    let page = browser.first_factor(&org.authorize_url(&[])).await;
    assert!(page.body.contains("Set up security methods"), "{}", page.body);
    let page = browser.proceed(&page, "/signin/choose", ("enroll", TOTP)).await;
    let (_, rest) = page.body.split_once("otpauth://").expect("the key as a QR code gives it");
    let uri = format!("otpauth://{}", rest.split('"').next().unwrap()).replace("&#38;", "&");
    let mut phone = Device::new("phone");
    phone.scan(&Secret::new("TOTP secret", uri)).unwrap();
    let code = phone.totp(org.site.now()).unwrap();
    let answer = browser.proceed(&page, "/signin/verify", ("code", &code)).await;
    assert_eq!(claims(&org, &answer).await["amr"], json!(["mfa", "otp", "pwd"]));
    assert_eq!(org.count(EventType::FactorActivate), 1);
}

#[tokio::test]
async fn nobody_enrols_anything_by_a_name_alone() {
    let org = TestOrg::with_alice_assigned().await;
    let resistant = Characteristics { phishing_resistant: true, ..Characteristics::default() };
    let possession = Possession { characteristics: resistant, ..Possession::default() };
    let constraint = Constraint { knowledge: None, possession: Some(possession) };
    let assurance = Assurance { constraints: vec![constraint], ..Assurance::one_factor() };
    app_rule(&org, Conditions::default(), allow(assurance));
    let mut browser = org.browser();
    let page = browser.get(&org.authorize_url(&[])).await;
    let token = page.hidden("stateToken");
    let form = [("stateToken", token.as_str()), ("username", "alice@acme.test"), ("otherwise", "1")];
    let answer = browser.post(&format!("{ORG}/signin"), &form).await;
    let page = browser.follow(answer).await;
    assert!(page.body.contains("Verify with your password"), "{}", page.body);
    let page = browser.proceed(&page, "/signin/choose", ("enroll", TOTP)).await;
    assert!(page.body.contains("Verify with your password"), "{}", page.body);
}

#[tokio::test]
async fn a_rule_for_a_network_lets_nobody_in_from_elsewhere() {
    let org = TestOrg::with_alice_assigned().await;
    let here = "127.0.0.0/8".parse().unwrap();
    let zone = org.model().create_zone(ZoneSettings::new("Office", vec![here]), &Cause::system()).unwrap();
    let network = Network::In(BTreeSet::from([zone.id.clone()]));
    let conditions = Conditions { network, ..Conditions::default() };
    let deny = AppSignOn { access: Access::Deny, assurance: Assurance::one_factor() };
    app_rule(&org, conditions, deny);
    let mut browser = org.browser();
    let page = browser.first_factor(&org.authorize_url(&[])).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(
        page.body.contains("You do not have permission to perform the requested action."),
        "{}",
        page.body
    );
    assert!(!browser.cookies.keys().any(|(_, name)| name == "idx"));
    assert_eq!(org.count(EventType::AppPolicyDeny), 1);
    // The person has a session by another way, and still doesn't get to the app.
    browser.sign_in("alice@acme.test").await;
    let page = browser.get(&org.authorize_url(&[])).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let silent = browser.get(&org.authorize_url(&[("prompt", "none")])).await;
    assert_eq!(
        silent.oauth_error(),
        "302 access_denied: Policy evaluation failed for this request, please check the policy configurations."
    );
    // From the next evaluation on it is otherwise.
    org.model()
        .set_access_policy(&org.app.id, org.model().default_access_policy(), &Cause::system())
        .unwrap();
    assert!(browser.get(&org.authorize_url(&[])).await.parameter("code").is_some());
}

#[tokio::test]
async fn a_session_steps_up_and_keeps_what_it_had() {
    let org = TestOrg::with_alice_assigned().await;
    let phone = phone(&org);
    let mut browser = org.browser();
    browser.code(&[]).await;
    let request = org.authorize_url(&[("acr_values", "urn:okta:loa:2fa:any")]);
    let silent = browser.get(&format!("{request}&prompt=none")).await;
    assert_eq!(
        silent.oauth_error(),
        "302 login_required: The client specified not to prompt, but the client app requires re-authentication or MFA."
    );
    let page = browser.get(&request).await;
    assert!(page.body.contains("Enter a code") && !page.body.contains("Password"), "{}", page.body);
    let page = browser.proceed(&page, "/signin/choose", ("prove", TOTP)).await;
    let code = phone.totp(org.site.now()).unwrap();
    let answer = browser.proceed(&page, "/signin/verify", ("code", &code)).await;
    let claims = claims(&org, &answer).await;
    assert_eq!(
        (&claims["acr"], &claims["amr"]),
        (&json!("urn:okta:loa:2fa:any"), &json!(["mfa", "otp", "pwd"]))
    );
    assert!(browser.get(&format!("{request}&prompt=none")).await.parameter("code").is_some());
}

#[tokio::test]
async fn what_was_proved_in_a_session_ends_with_it() {
    let org = TestOrg::with_alice_assigned().await;
    let phone = phone(&org);
    let mut browser = org.browser();
    browser.code(&[]).await;
    let page = browser.get(&org.authorize_url(&[("acr_values", "urn:okta:loa:2fa:any")])).await;
    let page = browser.proceed(&page, "/signin/choose", ("prove", TOTP)).await;
    org.model().clear_sessions(&org.alice.id, &Cause::system()).unwrap();
    let code = phone.totp(org.site.now()).unwrap();
    let page = browser.proceed(&page, "/signin/verify", ("code", &code)).await;
    assert!(
        page.body.contains("Verify with your password"),
        "the password was the ended session's: {}",
        page.body
    );
}

#[tokio::test]
async fn a_degree_that_nobody_can_give_is_told_to_the_relying_party() {
    let org = TestOrg::with_alice_assigned().await;
    let mut browser = org.browser();
    let unmet = "303 unmet_authentication_requirements: Unable to meet the authentication requirements imposed by \
                 'acr_values' parameter.";
    let answer = browser.first_factor(&org.authorize_url(&[("acr_values", "phrh")])).await;
    assert_eq!(answer.oauth_error(), unmet);
    browser.code(&[]).await;
    let answer = browser.get(&org.authorize_url(&[("acr_values", "phrh")])).await;
    assert_eq!(answer.oauth_error(), unmet.replace("303", "302"));
}

#[tokio::test]
async fn proof_grows_old_by_the_rule_and_by_max_age() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(
        &org,
        Conditions::default(),
        allow(Assurance { reauthenticate_in: Some(TimeDelta::hours(1)), ..Assurance::one_factor() }),
    );
    let mut browser = org.browser();
    browser.code(&[]).await;
    org.advance(3500);
    assert!(browser.get(&org.authorize_url(&[])).await.parameter("code").is_some());
    let page = browser.get(&org.authorize_url(&[("max_age", "1800")])).await;
    assert!(page.body.contains("Verify with your password"), "{}", page.body);
    org.advance(101);
    let page = browser.get(&org.authorize_url(&[])).await;
    let answer = browser.proceed(&page, "/signin/verify", ("password", "wrong")).await;
    assert!(answer.body.contains("Unable to sign in"), "{}", answer.body);
    let before = org.site.now().timestamp();
    let answer = browser.proceed(&answer, "/signin/verify", ("password", PASSWORD)).await;
    let after = org.site.now().timestamp();
    let claims = claims(&org, &answer).await;
    assert!((before..=after).contains(&claims["auth_time"].as_i64().unwrap()), "{claims:?}");
}

#[tokio::test]
async fn two_factors_for_a_session_are_remembered_as_the_rule_says() {
    let org = TestOrg::with_alice_assigned().await;
    let phone = phone(&org);
    let hour = TimeDelta::hours(1);
    session_rule(&org, Conditions::default(), session(Some(FactorPrompt::Session(hour))));
    let mut browser = org.browser();
    let page = browser.first_factor(&format!("{ORG}/")).await;
    let page = browser.proceed(&page, "/signin/choose", ("prove", TOTP)).await;
    let code = phone.totp(org.site.now()).unwrap();
    let answer = browser.proceed(&page, "/signin/verify", ("code", &code)).await;
    assert_eq!(answer.location(), "/app/UserHome");
    for (after, asked) in [(1800, false), (1802, true)] {
        browser.get(&format!("{ORG}/login/signout")).await;
        org.advance(after);
        let answer = browser.first_factor(&format!("{ORG}/")).await;
        assert_eq!(answer.location() != "/app/UserHome", asked, "{answer:?}");
    }
    // In another browser nothing is remembered.
    assert!(org.browser().first_factor(&format!("{ORG}/")).await.body.contains("Enter a code"));
}

#[tokio::test]
async fn a_session_lasts_as_its_rule_says() {
    let org = TestOrg::with_alice_assigned().await;
    let limits = SessionLimits {
        max_idle: Some(TimeDelta::minutes(10)),
        max_lifetime: Some(TimeDelta::minutes(25)),
        persistent_cookie: true,
    };
    session_rule(&org, Conditions::default(), SignOn { session: limits, ..session(None) });
    let mut browser = org.browser();
    let page = browser.get(&format!("{ORG}/")).await;
    let answer = browser.submit(&page, "alice@acme.test", PASSWORD).await;
    assert!(answer.header(http::header::SET_COOKIE).contains("Max-Age=1500;"), "{answer:?}");
    for (minutes, alive) in [(9, true), (9, true), (9, false)] {
        org.advance(minutes * 60);
        let home = browser.get(&format!("{ORG}/")).await;
        assert_eq!(home.location() == "/app/UserHome", alive, "it ends after 25 minutes");
    }
}

#[tokio::test]
async fn a_rule_is_for_whom_it_names() {
    let org = TestOrg::with_alice_assigned().await;
    org.model().assign_user(&org.app.id, &org.mallory.id, &Cause::system()).unwrap();
    let groups = Choice::only([org.engineering.id.clone()]);
    let conditions = Conditions { groups, ..Conditions::default() };
    app_rule(
        &org,
        conditions,
        allow(Assurance { factor_mode: FactorMode::TwoFactor, ..Assurance::one_factor() }),
    );
    assert!(
        org.browser().first_factor(&org.authorize_url(&[])).await.body.contains("Set up security methods")
    );
    let mut mallory = org.browser();
    let page = mallory.get(&org.authorize_url(&[])).await;
    assert!(mallory.submit(&page, "mallory@acme.test", PASSWORD).await.parameter("code").is_some());
}

/// Puts an enrolment policy before the system's own, by which Okta Verify is required.
fn okta_verify_required(org: &TestOrg, when: EnrollWhen) {
    let cause = Cause::system();
    let authenticators = vec![
        (Authenticator::OktaPassword, SelfEnrolment::Required),
        (Authenticator::OktaVerify, SelfEnrolment::Required),
        (Authenticator::WebAuthn, SelfEnrolment::Optional),
    ];
    let new = NewPolicy {
        kind: PolicyKind::Enrolment,
        name: "Everybody".into(),
        description: String::new(),
        priority: None,
        status: PolicyStatus::Active,
        groups: BTreeSet::new(),
        settings: PolicySettings::Enrolment(EnrolmentSettings { authenticators }),
    };
    let policy = org.model().create_policy(new, &cause).unwrap();
    let rule = rule(Conditions::default(), Actions::Enroll(when));
    org.model().create_rule(&policy.id, rule, &cause).unwrap();
}

#[tokio::test]
async fn what_is_required_is_set_up_when_the_rule_says() {
    let asked = "Set up security methods";
    for (when, by_password, by_two_factors) in [
        (EnrollWhen::Login, true, true),
        (EnrollWhen::Challenge, false, true),
        (EnrollWhen::Never, false, false),
    ] {
        let org = TestOrg::with_alice_assigned().await;
        // A session from before the policy goes on without.
        let mut before = org.browser();
        before.code(&[]).await;
        okta_verify_required(&org, when);
        assert!(before.get(&org.authorize_url(&[])).await.parameter("code").is_some(), "{when:?}");
        let page = org.browser().first_factor(&org.authorize_url(&[])).await;
        assert_eq!(page.body.contains(asked), by_password, "{when:?}: {}", page.body);
        assert!(!page.body.contains("FIDO2"), "it isn't required: {}", page.body);

        // Whoever has a second factor, but not the one that is required, sets that up too.
        app_rule(&org, Conditions::default(), allow(Assurance::two_factors()));
        let party = org.site.relying_party();
        let preferred = UserVerification::Preferred;
        let enrolment = org.model().begin_webauthn_enrolment(&org.alice.id, &party, preferred).unwrap();
        let mut key = SecurityKey::new();
        let made = key.create(&enrolment.options);
        let cause = Cause::system();
        org.model().finish_webauthn_enrolment(&enrolment.factor.id, &party, &made, &cause).unwrap();
        let mut browser = org.browser();
        let page = browser.first_factor(&org.authorize_url(&[])).await;
        let page = browser.proceed(&page, "/signin/choose", ("prove", "webauthn")).await;
        let proof = key.get(&options(&page)).to_json().to_string();
        let answer = browser.proceed(&page, "/signin/verify", ("credential", &proof)).await;
        assert_eq!(answer.body.contains(asked), by_two_factors, "{when:?}: {answer:?}");
        if by_two_factors {
            let page = browser.proceed(&answer, "/signin/choose", ("enroll", TOTP)).await;
            let (_, rest) = page.body.split_once("otpauth://").expect("the key as a QR code gives it");
            let uri = format!("otpauth://{}", rest.split('"').next().unwrap()).replace("&#38;", "&");
            let mut phone = Device::new("phone");
            phone.scan(&Secret::new("TOTP secret", uri)).unwrap();
            let code = phone.totp(org.site.now()).unwrap();
            let answer = browser.proceed(&page, "/signin/verify", ("code", &code)).await;
            assert!(answer.parameter("code").is_some(), "{when:?}: {answer:?}");
        }
    }
}
