use serde_json::{Value, json};

use super::{fault, spoiled, tokens};
use crate::misbehaviour::{Fault, KeySet, names};
use crate::testing::{ORG, TestOrg};

async fn get(org: &TestOrg, path: &str) -> Value {
    org.browser().get(&format!("{ORG}{path}")).await.json()
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn metadata_is_changed_removed_and_of_another_type() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(fault(json!({"discovery_member": {"name": "issuer", "value": "https://evil.test"}})));
    org.turn(fault(json!({"discovery_member": {"name": "jwks_uri"}})));
    org.turn(fault(json!({"discovery_member": {"name": "response_types_supported", "value": "code"}})));
    let metadata = get(&org, DISCOVERY).await;
    assert_eq!(metadata["issuer"], "https://evil.test");
    assert_eq!(metadata.get("jwks_uri"), None);
    assert_eq!(metadata["response_types_supported"], "code");
    assert_eq!(metadata["token_endpoint"], format!("{ORG}/oauth2/v1/token"));
    assert_eq!(spoiled(&org), 3);
}

/// Else a knob would be refused for naming what is there.
#[tokio::test]
async fn the_lists_have_everything_that_the_org_says() {
    let org = TestOrg::with_alice_assigned().await;
    let have = |known: &[&str], document: &Value| {
        for name in document.as_object().unwrap().keys() {
            assert!(known.contains(&name.as_str()), "{name}");
        }
    };
    let metadata = get(&org, DISCOVERY).await;
    have(names::METADATA, &metadata);
    let claims = metadata["claims_supported"].as_array().unwrap();
    for claim in claims {
        assert!(names::ID_TOKEN_CLAIMS.contains(&claim.as_str().unwrap()), "{claim}");
    }
    let answer = tokens(&org).await.json();
    have(names::TOKEN_MEMBERS, &answer);
    let claims = crate::testing::decoded(1, answer["id_token"].as_str().unwrap());
    have(names::ID_TOKEN_CLAIMS, &Value::Object(claims));
    let userinfo = org.userinfo(answer["access_token"].as_str().unwrap()).await.json();
    have(names::USERINFO_CLAIMS, &userinfo);
}

#[tokio::test]
async fn the_key_set_is_empty_or_has_other_keys_or_keys_without_names() {
    let org = TestOrg::new().await;
    let kids = async |set| {
        let knob = org.turn(Fault::KeySet(set));
        let keys = get(&org, "/oauth2/v1/keys").await["keys"].as_array().unwrap().clone();
        org.site.misbehaviour.heal(knob);
        keys.iter().map(|key| key.get("kid").and_then(Value::as_str).map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(kids(KeySet::Empty).await.is_empty());
    let others = kids(KeySet::WithoutSigningKey).await;
    assert!(
        !others.is_empty() && !others.contains(&Some(org.site.keys.org().active().kid().to_owned())),
        "{others:?}"
    );
    let nameless = kids(KeySet::Nameless).await;
    assert!(nameless.len() > 1 && nameless.iter().all(Option::is_none), "{nameless:?}");
}

#[tokio::test]
async fn token_answers_have_odd_members() {
    let org = TestOrg::with_alice_assigned().await;
    org.turn(fault(json!({"token_member": {"name": "expires_in", "value": "3600"}})));
    org.turn(fault(json!({"token_member": {"name": "token_type", "value": "bearer"}})));
    let answer = tokens(&org).await.json();
    assert_eq!((&answer["expires_in"], &answer["token_type"]), (&json!("3600"), &json!("bearer")));
    org.turn(fault(json!({"token_member": {"name": "token_type"}})));
    org.turn(fault(json!({"token_member": {"name": "id_token"}})));
    let answer = tokens(&org).await.json();
    assert_eq!((answer.get("token_type"), answer.get("id_token")), (None, None));
    let userinfo = org.userinfo(answer["access_token"].as_str().unwrap()).await.json();
    assert_eq!(userinfo["sub"], org.alice.id.as_str(), "the token itself is good");
}
