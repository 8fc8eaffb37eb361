//! Devices and security keys, as the sign-in's pages take their proofs.

use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::policies::{allow, app_rule, claims};
use crate::device::{Decision, Device, Gesture};
use crate::model::{
    Assurance, Cause, Characteristics, Conditions, Constraint, EventType, NumberChallenge, Possession,
};
use crate::testing::phone::Phone;
use crate::testing::security_key::SecurityKey;
use crate::testing::{Answer, Browser, ORG, TestOrg};

const PUSH: (&str, &str) = ("prove", "push");
const WEBAUTHN: (&str, &str) = ("prove", "webauthn");
const FASTPASS: (&str, &str) = ("prove", "signed_nonce");

/// An org whose app asks for two factors.
async fn two_factors() -> TestOrg {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Conditions::default(), allow(Assurance::two_factors()));
    org
}

/// Possession of something that can't be phished.
fn resistant(verified: bool) -> Assurance {
    let characteristics = Characteristics {
        phishing_resistant: true,
        user_verification: verified,
        ..Characteristics::default()
    };
    let possession = Possession { characteristics, ..Possession::default() };
    let constraint = Constraint { knowledge: None, possession: Some(possession) };
    Assurance { constraints: vec![constraint], ..Assurance::one_factor() }
}

impl Browser<'_> {
    /// What the page's script asks while it waits.
    async fn waits(&mut self, page: &Answer) -> bool {
        let token = page.hidden("stateToken");
        let answer = self.post(&format!("{ORG}/signin/poll"), &[("stateToken", &token)]).await;
        answer.json()["waiting"].as_bool().unwrap()
    }

    /// Signs in by password, and chooses what comes next.
    async fn chooses(&mut self, org: &TestOrg, choice: (&str, &str)) -> Answer {
        let page = self.first_factor(&org.authorize_url(&[])).await;
        self.proceed(&page, "/signin/choose", choice).await
    }
}

/// WebAuthn's options, as the page gives them to its script.
pub(super) fn options(page: &Answer) -> Value {
    let (_, rest) = page.body.split_once("data-options=\"").unwrap_or_else(|| panic!("no options: {page:?}"));
    serde_json::from_str(&rest.split('"').next().unwrap().replace("&#34;", "\"")).unwrap()
}

#[tokio::test]
async fn a_device_approves_and_the_page_goes_on() {
    let org = two_factors().await;
    let phone = Phone::enrolled(&org);
    let mut browser = org.browser();
    let page = browser.chooses(&org, PUSH).await;
    assert!(page.body.contains("Alice&#39;s phone") && !page.body.contains("Number"), "{}", page.body);
    assert!(browser.waits(&page).await);
    let early = browser.proceed(&page, "/signin/verify", ("", "")).await;
    assert!(early.body.contains("A push notification was sent"), "nothing is decided: {}", early.body);
    phone.answer(&org, Decision::Approve, None);
    assert!(!browser.waits(&page).await);
    let answer = browser.proceed(&page, "/signin/verify", ("", "")).await;
    assert_eq!(claims(&org, &answer).await["amr"], json!(["mfa", "pwd", "swk"]));
}

#[tokio::test]
async fn a_denial_or_silence_lets_nobody_in_until_it_is_asked_again() {
    let org = two_factors().await;
    let phone = Phone::enrolled(&org);
    let mut browser = org.browser();
    let page = browser.chooses(&org, PUSH).await;
    phone.answer(&org, Decision::Deny, None);
    let page = browser.proceed(&page, "/signin/verify", ("", "")).await;
    assert!(page.body.contains("You have chosen to reject this login."), "{}", page.body);
    let page = browser.proceed(&page, "/signin/resend", ("", "")).await;
    assert!(browser.waits(&page).await);
    org.advance(301);
    assert!(!browser.waits(&page).await);
    let page = browser.proceed(&page, "/signin/verify", ("", "")).await;
    assert!(page.body.contains("Your push notification has expired."), "{}", page.body);
    let page = browser.proceed(&page, "/signin/resend", ("", "")).await;
    let unanswered = browser.proceed(&page, "/signin/resend", ("", "")).await;
    assert_eq!(org.count(EventType::SendPush), 3, "one that waits is not sent again: {unanswered:?}");
    phone.answer(&org, Decision::Approve, None);
    let answer = browser.proceed(&page, "/signin/verify", ("", "")).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
}

#[tokio::test]
async fn only_the_number_that_the_page_shows_is_taken() {
    let org = two_factors().await;
    org.model().set_number_challenge(NumberChallenge::Always);
    let phone = Phone::enrolled(&org);
    for right in [false, true] {
        let mut browser = org.browser();
        let page = browser.chooses(&org, PUSH).await;
        let (_, rest) = page.body.split_once("id=\"number\">").expect("a number");
        let shown: u8 = rest.split('<').next().unwrap().parse().unwrap();
        let offered = phone.numbers(&org);
        let other = offered.into_iter().find(|number| *number != shown);
        phone.answer(&org, Decision::Approve, if right { Some(shown) } else { other });
        let answer = browser.proceed(&page, "/signin/verify", ("", "")).await;
        assert_eq!(answer.parameter("code").is_some(), right, "{answer:?}");
    }
}

#[tokio::test]
async fn a_device_is_set_up_for_push_at_the_sign_in() {
    let org = two_factors().await;
    let mut browser = org.browser();
    let page = browser.chooses(&org, ("enroll", "push")).await;
    assert!(page.body.contains("src=\"data:image/svg+xml;base64,"), "{}", page.body);
    let (_, rest) = page.body.split_once("href=\"oktaverify://").expect("a link for the device");
    let uri = format!("oktaverify://{}", rest.split('"').next().unwrap()).replace("&#38;", "&");
    assert!(browser.waits(&page).await);
    Phone::scanning(&org, &uri);
    assert!(!browser.waits(&page).await);
    let answer = browser.proceed(&page, "/signin/verify", ("", "")).await;
    assert_eq!(claims(&org, &answer).await["amr"], json!(["mfa", "pwd", "swk"]));
    // One that nobody scans in time is no way in.
    org.model().reset_factors(&org.alice.id, &Cause::system()).unwrap();
    let mut late = org.browser();
    let page = late.chooses(&org, ("enroll", "push")).await;
    org.advance(601);
    let page = late.proceed(&page, "/signin/verify", ("", "")).await;
    assert!(page.body.contains("The QR code has expired."), "{}", page.body);
    assert!(page.body.contains("Set up security methods"), "{}", page.body);
}

#[tokio::test]
async fn a_security_key_is_set_up_and_used_and_each_challenge_is_answered_once() {
    let org = two_factors().await;
    let mut key = SecurityKey::new();
    let mut browser = org.browser();
    let page = browser.chooses(&org, ("enroll", "webauthn")).await;
    let garbled = browser.proceed(&page, "/signin/verify", ("credential", "{")).await;
    assert!(garbled.body.contains("We were unable to verify it&#39;s you."), "{}", garbled.body);
    let made = key.create(&options(&page)).to_json();
    let answer = browser.proceed(&page, "/signin/verify", ("credential", &made.to_string())).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");

    let mut again = org.browser();
    let page = again.chooses(&org, WEBAUTHN).await;
    let first = options(&page);
    key.origin = "https://evil.test".into();
    let phished = key.get(&first).to_json();
    let page = again.proceed(&page, "/signin/verify", ("credential", &phished.to_string())).await;
    assert!(page.body.contains("The answer was made for another website."), "{}", page.body);
    assert_ne!(options(&page)["challenge"], first["challenge"]);
    key.origin = "https://acme.okta.test".into();
    let stale = key.get(&first).to_json();
    let page = again.proceed(&page, "/signin/verify", ("credential", &stale.to_string())).await;
    assert!(page.body.contains("We were unable to verify it&#39;s you."), "{}", page.body);
    let fresh = key.get(&options(&page)).to_json();
    let answer = again.proceed(&page, "/signin/verify", ("credential", &fresh.to_string())).await;
    assert_eq!(claims(&org, &answer).await["amr"], json!(["mfa", "hwk", "pwd"]));
}

#[tokio::test]
async fn a_policy_may_ask_that_the_key_knows_its_owner() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Conditions::default(), allow(resistant(true)));
    let mut key = SecurityKey::new();
    let party = org.site.relying_party();
    let enrolment = org
        .model()
        .begin_webauthn_enrolment(&org.alice.id, &party, crate::model::UserVerification::Preferred)
        .unwrap();
    let attestation = key.create(&enrolment.options);
    org.model()
        .finish_webauthn_enrolment(&enrolment.factor.id, &party, &attestation, &Cause::system())
        .unwrap();
    let mut browser = org.browser();
    let page = browser.chooses(&org, WEBAUTHN).await;
    assert_eq!(options(&page)["userVerification"], "required");
    key.verified = false;
    let bare = key.get(&options(&page)).to_json();
    let page = browser.proceed(&page, "/signin/verify", ("credential", &bare.to_string())).await;
    assert!(page.body.contains("has to verify that it&#39;s you"), "{}", page.body);
    key.verified = true;
    let verified = key.get(&options(&page)).to_json();
    let answer = browser.proceed(&page, "/signin/verify", ("credential", &verified.to_string())).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
}

#[tokio::test]
async fn fastpass_takes_the_persons_own_device_at_this_origin_and_each_nonce_once() {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Conditions::default(), allow(resistant(false)));
    let (mut laptop, mut other) = (Device::new("Alice's laptop"), Device::new("Mallory's laptop"));
    let url = Url::parse(ORG).unwrap();
    org.model().enroll_signed_nonce(&org.alice.id, &laptop.trust(&url), &Cause::system()).unwrap();
    org.model().enroll_signed_nonce(&org.mallory.id, &other.trust(&url), &Cause::system()).unwrap();
    let mut browser = org.browser();
    let mut page = browser.chooses(&org, FASTPASS).await;
    assert!(page.body.contains("simulation"), "{}", page.body);
    let policy = page.header(http::header::CONTENT_SECURITY_POLICY);
    assert!(policy.ends_with("connect-src 'self' http://localhost:8769"), "{policy}");
    let nonce = |page: &Answer| {
        let (_, rest) = page.body.split_once("data-nonce=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let first = nonce(&page);
    let presence = Gesture::Presence;
    for (answer, told) in [
        (other.sign_nonce(&first, ORG, presence).unwrap(), "This device isn&#39;t set up for your account."),
        (
            laptop.sign_for_anyone("", "https://evil.test", presence),
            "The answer was made for another website.",
        ),
        (laptop.sign_nonce(&first, ORG, presence).unwrap(), "We were unable to verify it&#39;s you."),
    ] {
        // What a careless app signs for another site is about this nonce too.
        let answer = match answer.nonce.as_str() {
            "" => laptop.sign_for_anyone(&nonce(&page), "https://evil.test", presence),
            _ => answer,
        };
        let answer = serde_json::to_string(&answer).unwrap();
        page = browser.proceed(&page, "/signin/verify", ("signed_nonce", &answer)).await;
        assert!(page.body.contains(told), "{told}: {}", page.body);
        assert_ne!(nonce(&page), first);
    }
    let page = browser.proceed(&page, "/signin/verify", ("signed_nonce", "{}")).await;
    let signed = laptop.sign_nonce(&nonce(&page), ORG, presence).unwrap();
    let signed = serde_json::to_string(&signed).unwrap();
    let answer = browser.proceed(&page, "/signin/verify", ("signed_nonce", &signed)).await;
    assert_eq!(claims(&org, &answer).await["amr"], json!(["mfa", "pwd", "swk"]));
}

#[tokio::test]
async fn another_browser_learns_and_changes_nothing() {
    let org = two_factors().await;
    let phone = Phone::enrolled(&org);
    let mut browser = org.browser();
    let page = browser.chooses(&org, PUSH).await;
    let mut other = org.browser();
    assert!(!other.waits(&page).await, "it looks as if there were no such sign-in");
    phone.answer(&org, Decision::Approve, None);
    let refused = other.proceed(&page, "/signin/verify", ("", "")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let answer = browser.proceed(&page, "/signin/verify", ("", "")).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
}
