use serde_json::{Value, json};

use crate::testing::{ORG, TestOrg};

#[tokio::test]
async fn discovery_names_what_the_org_does_at_its_own_issuer() {
    let org = TestOrg::new().await;
    let answer = org.browser().get(&format!("{ORG}/.well-known/openid-configuration?client_id=x")).await;
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], ORG);
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            assert!(value.as_str().unwrap().starts_with("https://acme.okta.test/oauth2/v1/"), "{name}");
        }
    }
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(answer.header("cache-control"), "max-age=86400, must-revalidate");
}

#[tokio::test]
async fn the_jwk_set_has_public_halves_of_several_keys_alone() {
    let org = TestOrg::new().await;
    let answer = org.browser().get(&format!("{ORG}/oauth2/v1/keys")).await;
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 2);
    for key in &keys {
        let names: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(names, ["kty", "alg", "kid", "use", "e", "n"]);
        assert_eq!(key["kid"].as_str().unwrap().len(), 43);
        assert_eq!((&key["alg"], &key["e"]), (&json!("RS256"), &json!("AQAB")));
    }
    assert_ne!(keys[0]["n"], keys[1]["n"]);
    assert!(answer.header("cache-control").contains("max-age="));
}

#[tokio::test]
async fn other_authorization_servers_are_not_there() {
    let org = TestOrg::new().await;
    let answer = org.browser().get(&format!("{ORG}/oauth2/aus0/.well-known/openid-configuration")).await;
    assert_eq!(answer.api_error(), "404 E0000007 Not found: Resource not found: aus0 (AuthorizationServer)");
    let answer = org.browser().get(&format!("{ORG}/oauth2/v1/clients")).await;
    assert_eq!(answer.api_error(), "404 E0000008 The requested path was not found");
    assert_eq!(answer.json()["errorCauses"], Value::Array(vec![]));
}
