use http::StatusCode;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value, json};

use crate::Event;
use crate::misbehaviour::{Kid, Knob, Signature};
use crate::testing::{ORG, TestOrg, decoded};

async fn id_token(org: &TestOrg) -> String {
    let code = org.browser().code(&[]).await;
    org.redeem(&code, &[]).await.json()["id_token"].as_str().unwrap().to_owned()
}

fn spoiled(org: &TestOrg) -> usize {
    org.events().iter().filter(|event| matches!(event, Event::Misbehaved { .. })).count()
}

#[tokio::test]
async fn any_claim_is_set_or_removed_and_still_signed_well() {
    let org = TestOrg::with_alice_assigned().await;
    let set = |name: &str, value: Option<Value>| Knob::IdTokenClaim { name: name.into(), value };
    org.turn(set("iss", Some(json!("https://evil.test"))));
    org.turn(set("aud", Some(json!(["a", 7, null]))));
    org.turn(set("nonce", None));
    org.turn(set("new", Some(Value::Null)));
    let token = id_token(&org).await;
    let claims = org.site.keys.verify_id_token(&token).unwrap();
    assert_eq!(claims["iss"], "https://evil.test");
    assert_eq!(claims["aud"], json!(["a", 7, null]));
    assert_eq!((claims.get("nonce"), claims["new"].is_null()), (None, true));
    assert_eq!(spoiled(&org), 4);
    org.site.misbehaviour.heal_all();
    let claims = org.site.keys.verify_id_token(&id_token(&org).await).unwrap();
    assert_eq!((&claims["iss"], &claims["nonce"]), (&json!(ORG), &json!("the-nonce")));
    assert_eq!(spoiled(&org), 4);
}

#[tokio::test]
async fn an_expired_token_is_well_signed_too() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(Knob::IdTokenExpired);
    let claims = org.site.keys.verify_id_token(&id_token(&org).await).unwrap();
    let age = org.site.now().timestamp() - claims["exp"].as_i64().unwrap();
    assert!((3590..3660).contains(&age), "{age}");
    assert!(claims["iat"].as_i64().unwrap() < claims["exp"].as_i64().unwrap());
}

#[tokio::test]
async fn signatures_are_spoiled_under_the_right_kid() {
    let org = TestOrg::with_alice_assigned().await;
    let wrong = org.turn(Knob::IdTokenSignature(Signature::Wrong));
    let token = id_token(&org).await;
    assert_eq!(
        (&decoded(0, &token)["alg"], &decoded(0, &token)["kid"]),
        (&json!("RS256"), &json!(org.site.keys.kid()))
    );
    assert!(org.site.keys.verify_id_token(&token).is_none());
    org.site.misbehaviour.heal(wrong);

    let none = org.turn(Knob::IdTokenSignature(Signature::None));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token)["alg"], "none");
    assert!(token.ends_with('.'));
    assert_eq!(decoded(1, &token)["iss"], ORG);
    org.site.misbehaviour.heal(none);

    org.turn(Knob::IdTokenSignature(Signature::Hs256WithClientSecret));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token)["kid"], org.site.keys.kid());
    let secret = DecodingKey::from_secret(org.app.secret.as_ref().unwrap().expose().as_bytes());
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[org.app.client_id()]);
    decode::<Map<String, Value>>(&token, &secret, &validation).unwrap();
}

#[tokio::test]
async fn kids_are_spoiled_under_the_right_signature() {
    let org = TestOrg::with_alice_assigned().await;
    let unknown = org.turn(Knob::IdTokenKid(Kid::Unknown));
    let token = id_token(&org).await;
    let keys = org.browser().get(&format!("{ORG}/oauth2/v1/keys")).await.body;
    assert!(!keys.contains(decoded(0, &token)["kid"].as_str().unwrap()));
    assert!(org.site.keys.verify_id_token(&token).is_some());
    org.site.misbehaviour.heal(unknown);
    org.turn(Knob::IdTokenKid(Kid::Absent));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token).keys().collect::<Vec<_>>(), ["alg"]);
    assert!(org.site.keys.verify_id_token(&token).is_some());
}

#[tokio::test]
async fn userinfo_and_discovery_are_spoiled() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    let token = org.redeem(&code, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
    org.turn(Knob::UserinfoClaim { name: "sub".into(), value: Some(json!("00uSomebodyElse")) });
    org.turn(Knob::UserinfoClaim { name: "email".into(), value: None });
    let claims = org.userinfo(&token).await.json();
    assert_eq!((&claims["sub"], claims.get("email")), (&json!("00uSomebodyElse"), None));
    org.turn(Knob::DiscoveryIssuer("https://evil.test".into()));
    let metadata = org.browser().get(&format!("{ORG}/.well-known/openid-configuration")).await.json();
    assert_eq!(metadata["issuer"], "https://evil.test");
    assert_eq!(metadata["token_endpoint"], format!("{ORG}/oauth2/v1/token"));
}

#[tokio::test]
async fn the_token_endpoint_refuses_and_the_code_stays_good() {
    let org = TestOrg::with_alice_assigned().await;
    let code = org.browser().code(&[]).await;
    let knob = org.turn(Knob::TokenEndpointError {
        status: 503,
        error: "temporarily_unavailable".into(),
        description: "Try later".into(),
    });
    assert_eq!(org.redeem(&code, &[]).await.oauth_error(), "503 temporarily_unavailable: Try later");
    org.site.misbehaviour.heal(knob);
    assert_eq!(org.redeem(&code, &[]).await.status, StatusCode::OK);
}
