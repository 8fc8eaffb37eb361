//! The ID token: its claims, its header, its signature.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::{Secret, random};
use serde_json::{Map, Value, json};

use super::document::set;
use super::fault::{Fault, Kid, Point, Signature};
use super::knob::Occasion;
use super::turned::Misbehaviour;
use crate::keys::SigningError;
use crate::model::App;
use crate::oidc::ServerKeys;

impl Misbehaviour {
    /// An ID token that says `claims`, signed as it should be unless a knob says otherwise; what knobs do to the claims
    /// stands in `claims` then.
    pub(crate) fn id_token(
        &self,
        keys: &ServerKeys,
        app: &App,
        claims: &mut Map<String, Value>,
        occasion: &Occasion<'_>,
    ) -> Result<String, SigningError> {
        let key = keys.active();
        let mut header = Map::from_iter([("alg".into(), "RS256".into()), ("kid".into(), key.kid().into())]);
        let mut spoiled = None;
        self.pass(Point::IdToken, occasion, |fault| match fault {
            Fault::IdTokenClaim { name, value } => set(claims, name, value.as_ref()),
            Fault::IdTokenExpired => expire(claims),
            Fault::IdTokenHeader { name, value } => set(&mut header, name, value.as_ref()),
            Fault::IdTokenKid(Kid::Unknown) => set(&mut header, "kid", Some(&random::token().into())),
            Fault::IdTokenKid(Kid::Absent) => set(&mut header, "kid", None),
            Fault::IdTokenSignature(signature) => {
                spoiled = Some(*signature);
                match signature {
                    Signature::Wrong | Signature::Missing => true,
                    Signature::None => set(&mut header, "alg", Some(&json!("none"))),
                    Signature::Hs256WithClientSecret => set(&mut header, "alg", Some(&json!("HS256"))),
                }
            }
            _ => false,
        });
        match spoiled {
            None => key.sign_under(&header, claims),
            Some(Signature::Wrong) => keys.unpublished().sign_under(&header, claims),
            // RFC 7519, 6: what is not signed has an empty signature.
            Some(Signature::None | Signature::Missing) => Ok(format!("{}.", unsigned(&header, claims))),
            Some(Signature::Hs256WithClientSecret) => {
                let token = unsigned(&header, claims);
                let secret = app.secret.as_ref().map_or("", Secret::expose);
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, token.as_bytes()));
                Ok(format!("{token}.{signature}"))
            }
        }
    }
}

fn expire(claims: &mut Map<String, Value>) -> bool {
    const HOUR: i64 = 3600;
    let Some(issued) = claims.get("iat").and_then(Value::as_i64) else { return false };
    claims.insert("iat".into(), (issued - 2 * HOUR).into());
    claims.insert("exp".into(), (issued - HOUR).into());
    true
}

fn unsigned(header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let part = |members: &Map<String, Value>| URL_SAFE_NO_PAD.encode(json!(members).to_string());
    format!("{}.{}", part(header), part(claims))
}
