use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _,
};
use http::header::AUTHORIZATION;

use super::*;
use crate::policy::{RequestAction, TrafficPolicy};

/// An issuer with one key.
struct Issuer {
    pair: EcdsaKeyPair,
    algorithm: &'static str,
    curve: &'static str,
}

impl Issuer {
    fn new(signing: &'static EcdsaSigningAlgorithm, algorithm: &'static str, curve: &'static str) -> Self {
        Self { pair: EcdsaKeyPair::generate(signing).unwrap(), algorithm, curve }
    }

    fn p256() -> Self {
        Self::new(&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256", "P-256")
    }

    fn keys(&self) -> JwkSet {
        let point = &self.pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let key = json!({"kty": "EC", "kid": "k1", "crv": self.curve, "x": x, "y": y, "use": "sig"});
        JwkSet::parse(json!({"keys": [{"kty": "oct", "k": "aHVudGVyMg"}, key]}).to_string().as_bytes())
            .unwrap()
    }

    fn token(&self, header: &Json, claims: &Json) -> String {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn header(&self) -> Json {
        json!({"alg": self.algorithm, "kid": "k1", "typ": "JWT"})
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn claims() -> Json {
    json!({"iss": "https://acme.okta.test", "aud": ["api://other", "api://app"], "exp": 1_700_000_600, "sub": "alice"})
}

fn action(algorithms: &str, token: &str) -> JwtValidation {
    let text = format!(
        "on_http_request: [{{ actions: [{{ type: jwt-validation, config: {{ issuer: {{ allow_list: [{{ value: 'https://acme.okta.test' }}, {{ value: joe }}] }}, \
         audience: {{ allow_list: [{{ value: 'api://app' }}] }}, http: {{ tokens: [{token}] }}, \
         jws: {{ allowed_algorithms: [{algorithms}], keys: [{{ sources: {{ additional_jkus: ['https://acme.okta.test/keys'] }} }}] }} }} }}] }}]"
    );
    let mut policy = TrafficPolicy::parse(&text).unwrap();
    match policy.on_http_request.remove(0).actions.remove(0) {
        RequestAction::JwtValidation(action) => action,
        other => panic!("{other:?}"),
    }
}

const BEARER: &str = "{ type: jwt, method: header, name: Authorization, prefix: 'Bearer ' }";

fn decide(token: &str, keys: &JwkSet) -> Result<ActionResult, String> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let action = action("ES256, RS256", BEARER);
    action.decide(&headers, None, std::slice::from_ref(keys), now()).map_err(|denial| denial.message)
}

#[test]
fn a_good_token_passes_and_its_claims_are_known() {
    let issuer = Issuer::p256();
    let result = decide(&issuer.token(&issuer.header(), &claims()), &issuer.keys()).unwrap();
    let token = &result.members["tokens"][0];
    assert_eq!(token["payload"]["sub"], "alice");
    assert_eq!(
        (&token["location"], &token["location_property"]),
        (&json!("header"), &json!("authorization"))
    );
    assert_eq!(action("ES256", BEARER).key_urls()[0].as_str(), "https://acme.okta.test/keys");
}

#[test]
fn whatever_is_wrong_with_a_token_is_said() {
    let issuer = Issuer::p256();
    let keys = issuer.keys();
    let with = |name: &str, value: Json| {
        let mut claims = claims();
        claims[name] = value;
        issuer.token(&issuer.header(), &claims)
    };
    let headed = |name: &str, value: Json| {
        let mut header = issuer.header();
        header[name] = value;
        issuer.token(&header, &claims())
    };
    let good = issuer.token(&issuer.header(), &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let forged = message.replacen('.', ".e30", 1);
    for (token, why) in [
        (with("iss", json!("https://evil.test")), "A token is from another issuer."),
        (with("iss", json!(null)), "A token is from another issuer."),
        (with("aud", json!("api://other")), "A token is for another audience."),
        (with("aud", json!(["api://other"])), "A token is for another audience."),
        (with("aud", json!(null)), "A token is for another audience."),
        (with("exp", json!(1_699_999_940)), "A token has expired."),
        (with("exp", json!("soon")), "A token's times are malformed."),
        (with("nbf", json!(1_700_000_100)), "A token is not valid yet."),
        (with("iat", json!(1_700_000_100)), "A token is not valid yet."),
        (headed("alg", json!("none")), "A token is not signed with an algorithm that is allowed."),
        (headed("alg", json!("HS256")), "A token is not signed with an algorithm that is allowed."),
        (headed("alg", json!("es256")), "A token is not signed with an algorithm that is allowed."),
        (headed("alg", json!("RS256")), "A token's signature is not by a key of its issuer."),
        (headed("kid", json!("k2")), "A token's signature is not by a key of its issuer."),
        (headed("crit", json!(["exp"])), "A token asks for extensions that are not known."),
        (
            Issuer::p256().token(&issuer.header(), &claims()),
            "A token's signature is not by a key of its issuer.",
        ),
        (format!("{forged}.{signature}"), "A token is malformed."),
        (format!("{message}."), "A token's signature is not by a key of its issuer."),
        (message.to_owned(), "A token is malformed."),
        (String::new(), "A token is malformed."),
        ("x".repeat(20_000), "A token is too long."),
    ] {
        assert_eq!(decide(&token, &keys).unwrap_err(), why, "{token}");
    }
    assert_eq!(decide(&with("exp", json!(1_699_999_960)), &keys).map(|_| ()), Ok(()), "clocks may differ");
}

#[test]
fn another_curves_key_is_another_key() {
    let issuer = Issuer::new(&ECDSA_P384_SHA384_FIXED_SIGNING, "ES384", "P-384");
    let token = issuer.token(&issuer.header(), &claims());
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("bearer {token}").parse().unwrap());
    let keys = [Issuer::p256().keys(), issuer.keys()];
    assert!(action("ES384", BEARER).decide(&headers, None, &keys, now()).is_ok());
    assert!(action("ES256", BEARER).decide(&headers, None, &keys, now()).is_err());
    assert!(action("ES384", BEARER).decide(&headers, None, &keys[..1], now()).is_err());
}

/// RFC 7515, A.2.
#[test]
fn the_standards_rsa_signature_is_verified() {
    let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-\
             SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-\
             UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2et\
             hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let keys = json!({"keys": [{"kty": "RSA", "n": n, "e": "AQAB"}]}).to_string();
    let keys = JwkSet::parse(keys.as_bytes()).unwrap();
    let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc\
                   19yb290Ijp0cnVlfQ";
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5juj\
                     Gbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Q\
                     e7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI\
                     8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(keys.verifies(Algorithm::Rs256, None, message.as_bytes(), &signature));
    assert!(!keys.verifies(Algorithm::Rs256, None, &message.as_bytes()[..20], &signature));
    assert!(!keys.verifies(Algorithm::Rs384, None, message.as_bytes(), &signature));
}

#[test]
fn tokens_come_in_bodies_and_all_have_to_be_there() {
    let issuer = Issuer::p256();
    let token = issuer.token(&issuer.header(), &claims());
    let action = action(
        "ES256",
        "{ type: id_token, method: body, name: Token }, { type: jwt, method: header, name: x-token }",
    );
    assert!(action.needs_body());
    let keys = [issuer.keys()];
    let decide = |kind: &str, body: &str, headed: bool| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        if headed {
            headers.insert("x-token", token.parse().unwrap());
        }
        action.decide(&headers, Some(body.as_bytes()), &keys, now()).map_err(|denial| denial.message)
    };
    let json = format!("{{\"token\": \"{token}\"}}");
    let form = format!("a=b&token={token}");
    assert!(decide("application/json; charset=utf-8", &json, true).is_ok());
    assert!(decide("application/x-www-form-urlencoded", &form, true).is_ok());
    let missing = Err("A token is missing.".to_owned());
    assert_eq!(decide("application/json", &json, false), missing);
    assert_eq!(decide("text/plain", &json, true), missing);
    assert_eq!(decide("application/x-www-form-urlencoded", &format!("{form}&Token=x"), true), missing);
    assert_eq!(decide("application/json", "[]", true), missing);
}

#[test]
fn access_tokens_say_what_they_are() {
    let issuer = Issuer::p256();
    let action = action("ES256", "{ type: at+jwt, method: header, name: x-token }");
    let decide = |kind: &str| {
        let header = json!({"alg": "ES256", "kid": "k1", "typ": kind});
        let mut headers = HeaderMap::new();
        headers.insert("x-token", issuer.token(&header, &claims()).parse().unwrap());
        action.decide(&headers, None, &[issuer.keys()], now())
    };
    assert!(decide("at+jwt").is_ok());
    assert!(decide("application/at+jwt").is_ok());
    let denial = decide("JWT").unwrap_err();
    assert_eq!(denial.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        denial.headers[0].1,
        "Bearer error=\"invalid_token\", error_description=\"A token is no access token.\""
    );
}
