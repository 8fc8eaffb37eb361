//! Tokens taken apart for a report.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::redaction::Redactor;
use reports::DecodedToken;
use serde_json::{Map, Value};

/// A JWT's header and claims, secret ones masked; nothing if it is no JWT.
pub(super) fn decode(kind: &str, token: &str, redactor: &Redactor) -> Option<DecodedToken> {
    let mut parts = token.split('.');
    let header = members(parts.next()?)?;
    let claims = members(parts.next()?)?;
    let masked = claims.into_iter().map(|(name, value)| match (redactor.member(&name), &value) {
        (Some(kind), Value::String(text)) => {
            let masked = redactor.mask(kind, text);
            (name, masked.into())
        }
        _ => (name, value),
    });
    Some(DecodedToken { kind: kind.to_owned(), header, claims: masked.collect(), note: None })
}

fn members(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_apart_and_its_nonce_masked() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let token =
            format!("{}.{}.sig", part(r#"{"alg":"RS256"}"#), part(r#"{"sub":"00u1","nonce":"n0nce"}"#));
        let decoded = decode("ID token", &token, &Redactor::new()).unwrap();
        assert_eq!(decoded.header["alg"], "RS256");
        assert_eq!(decoded.claims["sub"], "00u1");
        assert!(decoded.claims["nonce"].as_str().unwrap().starts_with("[nonce "));
        assert_eq!(decode("ID token", "opaque", &Redactor::new()), None);
    }
}
