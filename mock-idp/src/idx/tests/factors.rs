//! Push and WebAuthn, as Identity Engine's clients go through them.

use serde_json::{Value, json};

use super::{LOGIN, app_rule};
use crate::device::Decision;
use crate::model::{Access, Assurance, Cause, NumberChallenge};
use crate::testing::phone::Phone;
use crate::testing::security_key::SecurityKey;
use crate::testing::{Answer, Browser, ORG, PASSWORD, TestOrg, decoded};

async fn two_factors() -> TestOrg {
    let org = TestOrg::with_alice_assigned().await;
    app_rule(&org, Access::Allow, Assurance::two_factors());
    org
}

/// What a browser made of a ceremony, in Okta's form.
fn flat(credential: &Value) -> Value {
    let response = &credential["response"];
    json!({
        "clientData": response["clientDataJSON"],
        "attestation": response["attestationObject"],
        "authenticatorData": response["authenticatorData"],
        "signatureData": response["signature"],
    })
}

impl Answer {
    fn context(&self) -> Value {
        self.json()["currentAuthenticator"]["value"]["contextualData"].clone()
    }
}

impl Browser<'_> {
    /// Signs in by password, and takes the first thing that may come next.
    async fn second(&mut self, org: &TestOrg, form: &str, path: &str, number: usize) -> (String, Answer) {
        let handle = self.open(&org.authorize_url(&[])).await;
        let choice = self.identify(&handle, LOGIN, PASSWORD).await;
        let chosen = choice.option(form, number);
        let task = self.idx(path, json!({ "stateHandle": handle, "authenticator": chosen })).await;
        (handle, task)
    }

    async fn prove(&mut self, org: &TestOrg) -> (String, Answer) {
        self.second(org, "select-authenticator-authenticate", "challenge", 0).await
    }

    async fn poll(&mut self, handle: &str) -> Answer {
        self.idx("challenge/poll", json!({ "stateHandle": handle })).await
    }

    async fn amr(&mut self, org: &TestOrg, done: &Answer) -> Value {
        let href = done.json()["success"]["href"].as_str().unwrap_or_else(|| panic!("{done:?}")).to_owned();
        let code = self.get(&href).await.parameter("code").unwrap();
        decoded(1, org.redeem(&code, &[]).await.json()["id_token"].as_str().unwrap())["amr"].clone()
    }
}

#[tokio::test]
async fn a_push_notification_is_polled_for_and_sent_again_after_a_denial() {
    let org = two_factors().await;
    org.model().set_number_challenge(NumberChallenge::Always);
    let phone = Phone::enrolled(&org);
    let mut browser = org.browser();
    let (handle, task) = browser.prove(&org).await;
    assert_eq!(task.remediations(), ["challenge-poll", "select-authenticator-authenticate"]);
    assert_eq!(task.json()["remediation"]["value"][0]["refresh"], 1000);
    assert_eq!(browser.poll(&handle).await.remediations()[0], "challenge-poll");
    phone.answer(&org, Decision::Deny, None);
    let denied = browser.poll(&handle).await;
    assert_eq!(
        denied.message(),
        "200 api.authn.poll.error.push_rejected: You have chosen to reject this login."
    );
    assert_eq!(denied.remediations(), ["resend", "select-authenticator-authenticate"]);
    let again = &denied.json()["remediation"]["value"][0]["value"][0]["value"]["form"]["value"];
    let again = json!({ "id": again[0]["value"], "methodType": again[1]["value"] });
    let task = browser.idx("challenge", json!({ "stateHandle": handle, "authenticator": again })).await;
    let number = task.context()["correctAnswer"].as_str().unwrap().parse().unwrap();
    phone.answer(&org, Decision::Approve, Some(number));
    let done = browser.poll(&handle).await;
    assert_eq!(browser.amr(&org, &done).await, json!(["mfa", "pwd", "swk"]));
}

#[tokio::test]
async fn a_push_that_nobody_answers_says_so() {
    let org = two_factors().await;
    Phone::enrolled(&org);
    let mut browser = org.browser();
    let (handle, _) = browser.prove(&org).await;
    org.advance(301);
    let late = browser.poll(&handle).await;
    assert_eq!(late.message(), "200 oktaverify.timeout: Your push notification has expired.");
    let answered = browser.answer(&handle, "passcode", "123456").await;
    assert_eq!(answered.message(), "400 E0000020: Bad request.");
}

#[tokio::test]
async fn okta_verify_is_set_up_by_its_qr_code() {
    let org = two_factors().await;
    let mut browser = org.browser();
    let (handle, task) = browser.second(&org, "select-authenticator-enroll", "credential/enroll", 1).await;
    assert_eq!(task.remediations(), ["enroll-poll", "select-authenticator-enroll"]);
    let context = task.context();
    assert_eq!(context["selectedChannel"], "qrcode");
    assert!(context["qrcode"]["href"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    assert_eq!(browser.poll(&handle).await.remediations()[0], "enroll-poll");
    Phone::scanning(&org, context["samedevice"]["setupOVUrl"].as_str().unwrap());
    let done = browser.poll(&handle).await;
    assert_eq!(browser.amr(&org, &done).await, json!(["mfa", "pwd", "swk"]));
}

#[tokio::test]
async fn a_security_key_is_set_up_and_used() {
    let org = two_factors().await;
    let (mut key, mut spare) = (SecurityKey::new(), SecurityKey::new());
    let mut browser = org.browser();
    let (handle, task) = browser.second(&org, "select-authenticator-enroll", "credential/enroll", 2).await;
    assert_eq!(task.remediations()[0], "enroll-authenticator");
    // The widget looks here for keys that must not be enrolled again.
    assert_eq!(task.json()["authenticatorEnrollments"]["value"][0]["key"], "okta_password");
    let made = flat(&key.create(&task.context()["activationData"]).to_json());
    let done = browser.idx("challenge/answer", json!({ "stateHandle": handle, "credentials": made })).await;
    assert_eq!(done.json()["success"]["name"], "success-redirect", "{done:?}");
    // A second one, so that the answer, which doesn't say whose it is, has to be told apart.
    let party = org.site.relying_party();
    let preferred = crate::model::UserVerification::Preferred;
    let enrolment = org.model().begin_webauthn_enrolment(&org.alice.id, &party, preferred).unwrap();
    let attestation = spare.create(&enrolment.options);
    let cause = Cause::system();
    org.model().finish_webauthn_enrolment(&enrolment.factor.id, &party, &attestation, &cause).unwrap();

    let mut again = org.browser();
    let (handle, task) = again.prove(&org).await;
    assert_eq!(task.json()["currentAuthenticator"]["value"]["key"], "webauthn");
    let enrolled = task.json()["authenticatorEnrollments"]["value"].as_array().unwrap().clone();
    let ids: Vec<_> = enrolled.iter().filter_map(|one| one["credentialId"].as_str()).collect();
    assert_eq!(ids.len(), 2, "{enrolled:?}");
    spare.origin = "https://evil.test".into();
    let phished = flat(&spare.get(&task.context()["challengeData"]).to_json());
    let task = again.idx("challenge/answer", json!({ "stateHandle": handle, "credentials": phished })).await;
    assert!(task.message().starts_with("401 "), "{task:?}");
    spare.origin = ORG.into();
    let proof = flat(&spare.get(&task.context()["challengeData"]).to_json());
    let done = again.idx("challenge/answer", json!({ "stateHandle": handle, "credentials": proof })).await;
    assert_eq!(again.amr(&org, &done).await, json!(["mfa", "hwk", "pwd"]));
}
