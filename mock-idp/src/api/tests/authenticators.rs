use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::testing::{ORG, TestOrg};

#[tokio::test]
async fn authenticators_are_listed_by_oktas_keys() {
    let org = TestOrg::new().await;
    let listed = org.api(Method::GET, "/authenticators", None).await.json();
    let keys: Vec<&str> =
        listed.as_array().unwrap().iter().map(|shape| shape["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["okta_password", "okta_verify", "webauthn"]);
    for shape in listed.as_array().unwrap() {
        let id = shape["id"].as_str().unwrap();
        assert!(id.len() == 20 && id.starts_with("aut"), "{id}");
        let path = format!("/authenticators/{id}");
        assert_eq!(org.api(Method::GET, &path, None).await.json(), *shape);
        let methods = org.api(Method::GET, &format!("{path}/methods"), None).await.json();
        assert!(methods.as_array().unwrap().iter().all(|method| method["status"] == "ACTIVE"), "{methods}");
    }
    let verify = listed[1]["id"].as_str().unwrap();
    let methods = org.api(Method::GET, &format!("/authenticators/{verify}/methods"), None).await.json();
    let kinds: Vec<&Value> = methods.as_array().unwrap().iter().map(|method| &method["type"]).collect();
    assert_eq!(kinds, ["push", "signed_nonce", "totp"]);
}

#[tokio::test]
async fn okta_verifys_number_challenge_is_a_setting() {
    let org = TestOrg::new().await;
    let listed = org.api(Method::GET, "/authenticators", None).await.json();
    let path = |place: usize| format!("/authenticators/{}", listed[place]["id"].as_str().unwrap());
    let binding = |required: &str| {
        let binding = json!({"style": "NUMBER_CHALLENGE", "required": required});
        json!({"key": "okta_verify", "name": "Okta Verify", "settings": {"channelBinding": binding}})
    };
    assert_eq!(listed[1]["settings"], binding("NEVER")["settings"]);
    let set = org.api(Method::PUT, &path(1), Some(binding("ALWAYS"))).await.json();
    assert_eq!(set["settings"], binding("ALWAYS")["settings"]);
    for (required, why) in
        [("HIGH_RISK_ONLY", "Not supported by this org"), ("SOMETIMES", "It is required NEVER or ALWAYS")]
    {
        let refused = org.api(Method::PUT, &path(1), Some(binding(required))).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.json()["errorCauses"][0]["errorSummary"], format!("required: {why}"));
    }
    assert!(org.model().number_challenge().is_on());
    let refused = org.api(Method::PUT, &path(0), Some(binding("NEVER"))).await;
    assert!(refused.api_error().contains("E0000"), "{refused:?}");
    assert!(org.model().number_challenge().is_on());
}

#[tokio::test]
async fn lockout_settings_are_oktas_default_and_stay_it() {
    let org = TestOrg::new().await;
    let url = format!("{ORG}/attack-protection/api/v1/user-lockout-settings");
    let mut client = org.browser();
    client.header(header::AUTHORIZATION, &format!("SSWS {}", org.api_token.expose()));
    let shown = client.get(&url).await;
    let usual = json!({"preventBruteForceLockoutFromUnknownDevices": false});
    assert_eq!(shown.json(), usual);
    let put = async |client: &mut crate::testing::Browser<'_>, value: bool| {
        let body = json!({"preventBruteForceLockoutFromUnknownDevices": value}).to_string();
        client.send(Method::PUT, &url, Some(("application/json", body))).await
    };
    assert_eq!(put(&mut client, false).await.json(), usual);
    let refused = put(&mut client, true).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let field = "preventBruteForceLockoutFromUnknownDevices";
    assert_eq!(
        refused.json()["errorCauses"][0]["errorSummary"],
        format!("{field}: Not supported by this org")
    );
    let elsewhere = client.get(&format!("{ORG}/attack-protection/api/v1/nothing")).await;
    assert_eq!(elsewhere.api_error(), "404 E0000008 The requested path was not found");
}
