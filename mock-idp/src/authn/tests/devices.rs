//! Push and WebAuthn.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::{readable, two_factors};
use crate::device::Decision;
use crate::model::{Cause, EventType, FactorId, NumberChallenge, UserVerification};
use crate::testing::phone::Phone;
use crate::testing::security_key::SecurityKey;
use crate::testing::{Answer, Browser, ORG, TestOrg};

const VERIFY: &str = "/_embedded/factors/0/_links/verify";

impl Answer {
    /// `status factorResult`.
    fn standing(&self) -> String {
        format!("{} {}", self.state(), self.text("factorResult"))
    }
}

impl Browser<'_> {
    /// Begins with Alice's password, and chooses to enrol this.
    async fn enrols(&mut self, factor_type: &str, provider: &str) -> Answer {
        let choice = self.begin().await;
        let factors = choice.json()["_embedded"]["factors"].as_array().cloned().unwrap();
        let place = factors.iter().position(|factor| factor["factorType"] == factor_type).unwrap();
        let chosen = json!({ "factorType": factor_type, "provider": provider });
        self.follow_link(&choice, &format!("/_embedded/factors/{place}/_links/enroll"), chosen).await
    }
}

/// What a browser made of a ceremony, as the widget sends it.
fn sent(credential: &Value) -> Value {
    let standard = |name: &str| {
        let text = credential["response"][name].as_str()?;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(STANDARD.encode(bytes))
    };
    json!({
        "clientData": standard("clientDataJSON"),
        "attestation": standard("attestationObject"),
        "authenticatorData": standard("authenticatorData"),
        "signatureData": standard("signature"),
    })
}

/// Alice's further key.
fn enrolled(org: &TestOrg, key: &mut SecurityKey) -> FactorId {
    let party = org.site.relying_party();
    let enrolment =
        org.model().begin_webauthn_enrolment(&org.alice.id, &party, UserVerification::Preferred).unwrap();
    let (id, made) = (enrolment.factor.id.clone(), key.create(&enrolment.options));
    org.model().finish_webauthn_enrolment(&id, &party, &made, &Cause::system()).unwrap();
    id
}

#[tokio::test]
async fn a_push_notification_is_polled_for() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let phone = Phone::enrolled(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let info = &choice.json()["_embedded"]["policy"]["factorsPolicyInfo"];
    assert_eq!(info.as_object().unwrap().len(), 1, "whether it is pushed by itself");
    let waits = client.follow_link(&choice, VERIFY, json!({ "rememberDevice": false })).await;
    insta::assert_snapshot!(readable(&org, &waits));
    let still = client.follow_link(&waits, "/_links/next", json!({})).await;
    assert_eq!(
        (still.standing().as_str(), phone.waiting(&org)),
        ("MFA_CHALLENGE WAITING", 1),
        "it is sent once"
    );
    phone.answer(&org, Decision::Approve, None);
    assert_eq!(client.follow_link(&still, "/_links/next", json!({})).await.state(), "SUCCESS");
}

#[tokio::test]
async fn a_denied_push_is_told_once_and_sent_again_on_demand() {
    let org = TestOrg::new().await;
    two_factors(&org);
    org.model().set_number_challenge(NumberChallenge::Always);
    let phone = Phone::enrolled(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let waits = client.follow_link(&choice, VERIFY, json!({})).await;
    phone.answer(&org, Decision::Deny, None);
    let denied = client.follow_link(&waits, "/_links/next", json!({})).await;
    assert_eq!(denied.standing(), "MFA_CHALLENGE REJECTED");
    assert_eq!(denied.json()["_links"]["next"]["name"], "verify");
    let again = client.follow_link(&denied, "/_links/resend/0", json!({})).await;
    assert_eq!((again.standing().as_str(), phone.waiting(&org)), ("MFA_CHALLENGE WAITING", 1));
    let twice = client.follow_link(&again, "/_links/resend/0", json!({})).await;
    assert_eq!((twice.standing().as_str(), phone.waiting(&org)), ("MFA_CHALLENGE WAITING", 1));
    org.advance(301);
    let late = client.follow_link(&twice, "/_links/next", json!({})).await;
    assert_eq!(late.standing(), "MFA_CHALLENGE TIMEOUT");
    let again = client.follow_link(&late, "/_links/next", json!({})).await;
    let number = &again.json()["_embedded"]["factor"]["_embedded"]["challenge"]["correctAnswer"];
    let number = u8::try_from(number.as_u64().unwrap()).unwrap();
    phone.answer(&org, Decision::Approve, Some(number));
    assert_eq!(client.follow_link(&again, "/_links/next", json!({})).await.state(), "SUCCESS");
}

#[tokio::test]
async fn a_push_is_left_for_a_code() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let _phone = Phone::enrolled(&org);
    let codes = super::phone(&org);
    let mut client = org.browser();
    let choice = client.begin().await;
    let factors = choice.json()["_embedded"]["factors"].as_array().cloned().unwrap();
    let place = |kind: &str| factors.iter().position(|factor| factor["factorType"] == kind).unwrap();
    let link = |kind: &str| format!("/_embedded/factors/{}/_links/verify", place(kind));
    assert_eq!(
        client.follow_link(&choice, &link("push"), json!({})).await.standing(),
        "MFA_CHALLENGE WAITING"
    );
    let totp = link("token:software:totp");
    let path = factors[place("token:software:totp")]["id"].as_str().unwrap();
    let resent = client
        .authn(
            &format!("/factors/{path}/verify/resend"),
            json!({ "stateToken": choice.json()["stateToken"] }),
        )
        .await;
    assert!(resent.api_error().starts_with("403 E0000079"), "codes aren't sent: {resent:?}");
    let code = codes.totp(org.site.now()).unwrap();
    assert_eq!(client.follow_link(&choice, &totp, json!({ "passCode": code })).await.state(), "SUCCESS");
}

#[tokio::test]
async fn okta_verify_is_set_up_by_its_qr_code_and_gets_another_when_that_took_too_long() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let mut client = org.browser();
    let task = client.enrols("push", "OKTA").await;
    assert_eq!(task.standing(), "MFA_ENROLL_ACTIVATE WAITING");
    let activation = |task: &Answer| task.json()["_embedded"]["factor"]["_embedded"]["activation"].clone();
    let links = activation(&task)["_links"].clone();
    assert!(links["qrcode"]["href"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    let waits = client.follow_link(&task, "/_links/next", json!({})).await;
    assert_eq!(waits.standing(), "MFA_ENROLL_ACTIVATE WAITING");
    org.advance(601);
    let late = client.follow_link(&waits, "/_links/next", json!({})).await;
    assert_eq!(late.standing(), "MFA_ENROLL_ACTIVATE TIMEOUT");
    let task = client.follow_link(&late, "/_links/next", json!({})).await;
    assert_eq!(task.standing(), "MFA_ENROLL_ACTIVATE WAITING");
    assert_ne!(activation(&task)["_links"], links, "it is another code");
    Phone::scanning(&org, activation(&task)["_links"]["device"]["href"].as_str().unwrap());
    assert_eq!(client.follow_link(&task, "/_links/next", json!({})).await.state(), "SUCCESS");
    assert_eq!(org.count(EventType::FactorActivate), 1);
}

#[tokio::test]
async fn a_security_key_is_set_up_and_used() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let mut key = SecurityKey::new();
    let mut client = org.browser();
    let task = client.enrols("webauthn", "FIDO").await;
    assert_eq!(task.state(), "MFA_ENROLL_ACTIVATE");
    let options = &task.json()["_embedded"]["factor"]["_embedded"]["activation"];
    let malformed = client.follow_link(&task, "/_links/next", json!({ "clientData": "AA" })).await;
    assert_eq!(malformed.api_error(), "400 E0000003 The request body was not well-formed.");
    let made = sent(&key.create(options).to_json());
    assert_eq!(client.follow_link(&task, "/_links/next", made).await.state(), "SUCCESS");

    let choice = client.begin().await;
    assert!(choice.json()["_embedded"].get("factorTypes").is_none());
    let challenge = client.follow_link(&choice, VERIFY, json!({})).await;
    assert_eq!(challenge.standing(), "MFA_CHALLENGE CHALLENGE");
    let options = |answer: &Answer| answer.json()["_embedded"]["factor"]["_embedded"]["challenge"].clone();
    assert!(options(&challenge).get("allowCredentials").is_none(), "the factor names the credential");
    key.origin = "https://evil.test".into();
    let phished = sent(&key.get(&options(&challenge)).to_json());
    let refused = client.follow_link(&challenge, "/_links/next", phished).await;
    assert_eq!(refused.api_error(), "403 E0000068 Invalid Passcode/Answer");
    key.origin = ORG.into();
    let stale = sent(&key.get(&options(&challenge)).to_json());
    assert_eq!(client.follow_link(&challenge, "/_links/next", stale).await.status, StatusCode::FORBIDDEN);
    let challenge = client.follow_link(&choice, VERIFY, json!({})).await;
    let proof = sent(&key.get(&options(&challenge)).to_json());
    assert_eq!(client.follow_link(&challenge, "/_links/next", proof).await.state(), "SUCCESS");
}

#[tokio::test]
async fn any_of_several_security_keys_may_answer() {
    let org = TestOrg::new().await;
    two_factors(&org);
    let (mut key, mut spare) = (SecurityKey::new(), SecurityKey::new());
    let (first, second) = (enrolled(&org, &mut key), enrolled(&org, &mut spare));
    let mut client = org.browser();
    let choice = client.begin().await;
    let any = "/_embedded/factorTypes/0/_links/next";
    let challenge = client.follow_link(&choice, any, json!({})).await;
    assert_eq!(challenge.standing(), "MFA_CHALLENGE CHALLENGE");
    let factors = challenge.json()["_embedded"]["factors"].as_array().unwrap().len();
    assert_eq!((factors, challenge.json()["_embedded"].get("factor")), (2, None));
    let proof = sent(&spare.get(&challenge.json()["_embedded"]["challenge"]).to_json());
    // By the other one's name it is refused.
    let path = format!("/factors/{first}/verify");
    let mut other = proof.clone();
    other["stateToken"] = choice.json()["stateToken"].clone();
    assert_eq!(client.authn(&path, other).await.api_error(), "403 E0000068 Invalid Passcode/Answer");
    let challenge = client.follow_link(&choice, any, json!({})).await;
    let proof = sent(&spare.get(&challenge.json()["_embedded"]["challenge"]).to_json());
    assert_eq!(client.follow_link(&challenge, "/_links/next", proof).await.state(), "SUCCESS");
    let used = org.model().factor(&second).unwrap().last_verified;
    assert!(used.is_some() && org.model().factor(&first).unwrap().last_verified.is_none());
}
