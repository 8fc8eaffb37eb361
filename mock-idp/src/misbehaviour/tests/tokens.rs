use std::num::NonZeroU32;

use http::StatusCode;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value, json};

use super::{fault, id_token, spoiled};
use crate::misbehaviour::{Fault, Kid, Knob, Signature};
use crate::testing::{ORG, TestOrg, decoded};

#[tokio::test]
async fn any_claim_is_set_or_removed_and_still_signed_well() {
    let org = TestOrg::with_alice_assigned().await;
    let set = |name: &str, value: Option<Value>| Fault::IdTokenClaim { name: name.into(), value };
    org.turn(set("iss", Some(json!("https://evil.test"))));
    org.turn(set("aud", Some(json!(["a", 7, null]))));
    org.turn(set("nonce", None));
    org.turn(set("new", Some(Value::Null)));
    let token = id_token(&org).await;
    let claims = org.site.keys.org().verify_id_token(&token).unwrap();
    assert_eq!(claims["iss"], "https://evil.test");
    assert_eq!(claims["aud"], json!(["a", 7, null]));
    assert_eq!((claims.get("nonce"), claims["new"].is_null()), (None, true));
    assert_eq!(spoiled(&org), 4);
    org.site.misbehaviour.heal_all();
    let claims = org.site.keys.org().verify_id_token(&id_token(&org).await).unwrap();
    assert_eq!((&claims["iss"], &claims["nonce"]), (&json!(ORG), &json!("the-nonce")));
    assert_eq!(spoiled(&org), 4);
}

#[tokio::test]
async fn an_expired_token_is_well_signed_too() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(Fault::IdTokenExpired);
    let claims = org.site.keys.org().verify_id_token(&id_token(&org).await).unwrap();
    let age = org.site.now().timestamp() - claims["exp"].as_i64().unwrap();
    assert!((3590..3660).contains(&age), "{age}");
    assert!(claims["iat"].as_i64().unwrap() < claims["exp"].as_i64().unwrap());
}

#[tokio::test]
async fn signatures_are_spoiled_under_the_right_kid() {
    let org = TestOrg::with_alice_assigned().await;
    let wrong = org.turn(Fault::IdTokenSignature(Signature::Wrong));
    let token = id_token(&org).await;
    assert_eq!(
        (&decoded(0, &token)["alg"], &decoded(0, &token)["kid"]),
        (&json!("RS256"), &json!(org.site.keys.org().active().kid()))
    );
    assert!(org.site.keys.org().verify_id_token(&token).is_none());
    org.site.misbehaviour.heal(wrong);

    let none = org.turn(Fault::IdTokenSignature(Signature::None));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token)["alg"], "none");
    assert!(token.ends_with('.'));
    assert_eq!(decoded(1, &token)["iss"], ORG);
    org.site.misbehaviour.heal(none);

    org.turn(Fault::IdTokenSignature(Signature::Hs256WithClientSecret));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token)["kid"], org.site.keys.org().active().kid());
    let secret = DecodingKey::from_secret(org.app.secret.as_ref().unwrap().expose().as_bytes());
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[org.app.client_id()]);
    decode::<Map<String, Value>>(&token, &secret, &validation).unwrap();
}

#[tokio::test]
async fn kids_are_spoiled_under_the_right_signature() {
    let org = TestOrg::with_alice_assigned().await;
    let unknown = org.turn(Fault::IdTokenKid(Kid::Unknown));
    let token = id_token(&org).await;
    let keys = org.browser().get(&format!("{ORG}/oauth2/v1/keys")).await.body;
    assert!(!keys.contains(decoded(0, &token)["kid"].as_str().unwrap()));
    assert!(org.site.keys.org().verify_id_token(&token).is_some());
    org.site.misbehaviour.heal(unknown);
    org.turn(Fault::IdTokenKid(Kid::Absent));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token).keys().collect::<Vec<_>>(), ["alg"]);
    assert!(org.site.keys.org().verify_id_token(&token).is_some());
}

#[tokio::test]
async fn a_header_says_anything_and_its_signature_covers_it() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(fault(json!({"id_token_header": {"name": "crit", "value": ["exp"]}})));
    org.turn(fault(json!({"id_token_header": {"name": "typ", "value": "at+jwt"}})));
    let token = id_token(&org).await;
    let header = decoded(0, &token);
    assert_eq!((&header["crit"], &header["typ"]), (&json!(["exp"]), &json!("at+jwt")));
    org.turn(fault(json!({"id_token_header": {"name": "alg", "value": "PS256"}})));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token)["alg"], "PS256");
    assert!(org.site.keys.org().verify_id_token(&token).is_none());
    org.turn(fault(json!({"id_token_header": {"name": "alg"}})));
    assert_eq!(decoded(0, &id_token(&org).await).get("alg"), None);
}

#[tokio::test]
async fn a_signature_is_missing_under_a_header_that_promises_one() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(Fault::IdTokenSignature(Signature::Missing));
    let token = id_token(&org).await;
    assert_eq!(decoded(0, &token)["alg"], "RS256");
    assert!(token.ends_with('.') && token.matches('.').count() == 2, "{token}");
}

#[tokio::test]
async fn userinfo_is_spoiled() {
    let org = TestOrg::with_alice_assigned().await;
    let answer = super::tokens(&org).await;
    assert_eq!(answer.status, StatusCode::OK);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    org.turn(Fault::UserinfoClaim { name: "sub".into(), value: Some(json!("00uSomebodyElse")) });
    org.turn(Fault::UserinfoClaim { name: "email".into(), value: None });
    let claims = org.userinfo(&token).await.json();
    assert_eq!((&claims["sub"], claims.get("email")), (&json!("00uSomebodyElse"), None));
    assert_eq!(spoiled(&org), 2);
}

#[tokio::test]
async fn a_rotation_signs_with_a_key_that_was_not_published_before_and_is_now() {
    let org = TestOrg::with_alice_assigned().await;
    let published = async || {
        let keys = org.browser().get(&format!("{ORG}/oauth2/v1/keys")).await.json();
        let keys = keys["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let before = published().await;
    let once = Knob { times: NonZeroU32::new(1), ..Fault::KeysRotated.into() };
    org.site.misbehaviour.turn(once).unwrap();
    let token = id_token(&org).await;
    let kid = decoded(0, &token)["kid"].clone();
    assert!(!before.contains(&kid) && published().await.contains(&kid), "{kid} and {before:?}");
    assert!(org.site.keys.org().verify_id_token(&token).is_some());
    assert_eq!(decoded(0, &id_token(&org).await)["kid"], kid, "it was rotated once");
    assert_eq!(spoiled(&org), 1);
}
