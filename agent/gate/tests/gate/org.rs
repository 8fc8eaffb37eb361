//! An issuer in memory, correct until a test bends it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gate::Http;
use ground::Clock;
use http::{Request, Response};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

pub(crate) const ISSUER: &str = "https://acme.okta.test";
pub(crate) const CLIENT_ID: &str = "0oa1ngrok";
pub(crate) const CLIENT_SECRET: &str = "a-client-secret-of-forty-characters-long";
pub(crate) const REDIRECT_URI: &str = "https://idp.tunnel.test/oauth2/callback";

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
static OTHER_KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

/// With what a token is signed, whatever its header says.
#[derive(Clone, Copy)]
pub(crate) enum Signer {
    TheKey,
    AnotherKey,
    ClientSecret,
    PublicKeyAsSecret,
    Nothing,
    Garbage,
}

/// A token before it is signed.
pub(crate) struct Token {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) signer: Signer,
}

impl Token {
    pub(crate) fn sign(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = match self.signer {
            Signer::TheKey => rsa(&KEY, &input),
            Signer::AnotherKey => rsa(&OTHER_KEY, &input),
            Signer::ClientSecret => hs256(CLIENT_SECRET.as_bytes(), &input),
            Signer::PublicKeyAsSecret => hs256(KEY.public_key().as_ref(), &input),
            Signer::Nothing => Vec::new(),
            Signer::Garbage => vec![7; 256],
        };
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) fn set(&mut self, claim: &str, value: impl Into<Value>) {
        self.claims[claim] = value.into();
    }

    pub(crate) fn remove(&mut self, claim: &str) {
        self.claims.as_object_mut().unwrap().remove(claim);
    }
}

fn rsa(key: &KeyPair, input: &str) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature).unwrap();
    signature
}

fn hs256(secret: &[u8], input: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes()).as_ref().to_vec()
}

/// The public half as a JWK.
pub(crate) fn jwk(kid: &str, another: bool) -> Value {
    let key = if another { &OTHER_KEY } else { &KEY };
    // RSAPublicKey (RFC 8017, A.1.1): a sequence's head, then a 2048-bit integer with a leading zero, then 65537.
    let modulus = &key.public_key().as_ref()[9..265];
    json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" })
}

pub(crate) fn half_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, text.as_bytes()).as_ref()[..16])
}

type Bend<T> = Box<dyn Fn(&mut T) + Send>;

/// What a test may bend or look at.
pub(crate) struct Ways {
    pub(crate) metadata: Value,
    pub(crate) keys: Vec<Value>,
    pub(crate) userinfo: Value,
    pub(crate) userinfo_status: u16,
    pub(crate) userinfo_signer: Option<Signer>,
    pub(crate) bend_token: Bend<Token>,
    pub(crate) bend_answer: Bend<Value>,
    pub(crate) token_error: Option<Value>,
    /// What is appended to the callback's query.
    pub(crate) callback_extra: String,
    /// Each request: its path, and its form parameters.
    pub(crate) requests: Vec<(String, BTreeMap<String, String>)>,
    pub(crate) authorizations: Vec<BTreeMap<String, String>>,
    codes: BTreeMap<String, BTreeMap<String, String>>,
}

/// The issuer. Clones are the same.
#[derive(Clone)]
pub(crate) struct Org {
    ways: Arc<Mutex<Ways>>,
    clock: Clock,
}

impl Org {
    pub(crate) fn new(clock: &Clock) -> Self {
        let ways = Ways {
            metadata: json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/oauth2/v1/authorize"),
                "token_endpoint": format!("{ISSUER}/oauth2/v1/token"),
                "userinfo_endpoint": format!("{ISSUER}/oauth2/v1/userinfo"),
                "jwks_uri": format!("{ISSUER}/oauth2/v1/keys"),
                "response_types_supported": ["code", "id_token"],
                "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "HS256"],
                "token_endpoint_auth_methods_supported":
                    ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
            }),
            keys: vec![jwk("key-1", false)],
            userinfo: json!({
                "sub": "00u1alice",
                "email": "alice@acme.test",
                "email_verified": true,
                "name": "Alice Ångström",
            }),
            userinfo_status: 200,
            userinfo_signer: None,
            bend_token: Box::new(|_| ()),
            bend_answer: Box::new(|_| ()),
            token_error: None,
            callback_extra: String::new(),
            requests: Vec::new(),
            authorizations: Vec::new(),
            codes: BTreeMap::new(),
        };
        Self { ways: Arc::new(Mutex::new(ways)), clock: clock.clone() }
    }

    pub(crate) fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap()
    }

    pub(crate) fn http(&self) -> Http {
        let org = self.clone();
        Http::new(move |request| {
            let org = org.clone();
            // Others have their turn before an issuer answers.
            async move {
                tokio::task::yield_now().await;
                Ok::<_, String>(org.answer(&request))
            }
        })
    }

    pub(crate) fn requests_for(&self, path: &str) -> usize {
        self.ways().requests.iter().filter(|(asked, _)| asked == path).count()
    }

    /// What a browser does here: it comes with an authorization request, signs in, and is sent to the callback.
    pub(crate) fn sign_in(&self, authorize: &str) -> String {
        let parameters = self.authorization(authorize);
        let code = format!("code-{}", self.ways().codes.len());
        let state = parameters["state"].clone();
        self.ways().codes.insert(code.clone(), parameters);
        self.callback(&state, &[("code", &code)])
    }

    /// The same for someone whom the issuer refuses.
    pub(crate) fn deny(&self, authorize: &str) -> String {
        let state = self.authorization(authorize)["state"].clone();
        let description = "User is not assigned to the client application.";
        self.callback(&state, &[("error", "access_denied"), ("error_description", description)])
    }

    fn authorization(&self, authorize: &str) -> BTreeMap<String, String> {
        let url = Url::parse(authorize).unwrap();
        assert_eq!(url.origin().ascii_serialization(), ISSUER);
        let parameters: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        self.ways().authorizations.push(parameters.clone());
        parameters
    }

    fn callback(&self, state: &str, outcome: &[(&str, &str)]) -> String {
        let mut url = Url::parse(REDIRECT_URI).unwrap();
        url.query_pairs_mut().append_pair("state", state).extend_pairs(outcome);
        format!("{url}{}", self.ways().callback_extra)
    }

    fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let form: BTreeMap<_, _> = form_urlencoded::parse(request.body()).into_owned().collect();
        let path = request.uri().path().to_owned();
        self.ways().requests.push((path.clone(), form.clone()));
        match path.as_str() {
            "/.well-known/openid-configuration" => json_answer(200, &self.ways().metadata),
            "/oauth2/v1/keys" => json_answer(200, &json!({ "keys": self.ways().keys })),
            "/oauth2/v1/token" => self.token(request, &form),
            "/oauth2/v1/userinfo" => self.userinfo(request),
            _ => json_answer(404, &json!({})),
        }
    }

    fn token(&self, request: &Request<Vec<u8>>, form: &BTreeMap<String, String>) -> Response<Vec<u8>> {
        let mut ways = self.ways();
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        let by_header = request.headers().get("authorization").is_some_and(|value| value == basic.as_str());
        let by_body = form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET);
        if by_header == by_body {
            let description = "The client secret supplied for a confidential client is invalid.";
            return json_answer(401, &json!({ "error": "invalid_client", "error_description": description }));
        }
        if let Some(error) = &ways.token_error {
            return json_answer(400, error);
        }
        let Some(grant) = ways.codes.remove(&form["code"]) else {
            return json_answer(400, &json!({ "error": "invalid_grant" }));
        };
        assert_eq!(form["redirect_uri"], grant["redirect_uri"]);
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
        if challenge != grant["code_challenge"] {
            let description = "PKCE verification failed.";
            return json_answer(400, &json!({ "error": "invalid_grant", "error_description": description }));
        }
        let access_token = "an-access-token";
        let now = self.clock.now().timestamp();
        let mut token = Token {
            header: json!({ "alg": "RS256", "kid": "key-1" }),
            claims: json!({
                "sub": "00u1alice",
                "ver": 1,
                "iss": ISSUER,
                "aud": CLIENT_ID,
                "iat": now,
                "exp": now + 3600,
                "jti": "ID.1",
                "amr": ["pwd"],
                "idp": "00o1",
                "nonce": grant["nonce"],
                "auth_time": now,
                "at_hash": half_hash(access_token),
                "email": "alice@acme.test",
                "name": "Alice Ångström",
                "preferred_username": "alice@acme.test",
            }),
            signer: Signer::TheKey,
        };
        (ways.bend_token)(&mut token);
        let mut answer = json!({
            "token_type": "Bearer",
            "expires_in": 3600,
            "access_token": access_token,
            "scope": "openid profile email",
            "id_token": token.sign(),
        });
        (ways.bend_answer)(&mut answer);
        json_answer(200, &answer)
    }

    fn userinfo(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        assert_eq!(request.headers()["authorization"], "Bearer an-access-token");
        let ways = self.ways();
        let Some(signer) = ways.userinfo_signer else {
            return json_answer(ways.userinfo_status, &ways.userinfo);
        };
        let token = Token {
            header: json!({ "alg": "RS256", "kid": "key-1" }),
            claims: ways.userinfo.clone(),
            signer,
        };
        Response::builder().header("content-type", "application/jwt").body(token.sign().into_bytes()).unwrap()
    }
}

fn json_answer(status: u16, body: &Value) -> Response<Vec<u8>> {
    let answer = Response::builder().status(status).header("content-type", "application/json");
    answer.body(body.to_string().into_bytes()).unwrap()
}
