//! `basic-auth` (RFC 7617), and the module of that name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ground::Secret;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::denial::Denial;
use crate::error::{ModuleError, PolicyError};
use crate::facts::ActionResult;
use crate::reading::Value;

const MAX_CREDENTIALS: usize = 10;
const MIN_PASSWORD: usize = 8;
const MAX_PASSWORD: usize = 128;
const MAX_REALM: usize = 128;
/// The realm that is named when none is set.
const DEFAULT_REALM: &str = "ngrok";

/// `basic-auth`: requests need a user name and its password.
#[derive(Clone, Debug)]
pub struct BasicAuth {
    /// Each `name:password`.
    credentials: Vec<Secret>,
    challenge: HeaderValue,
    enforce: bool,
}

impl BasicAuth {
    /// The basic auth module: user names and their passwords.
    pub fn new<'a>(
        credentials: impl IntoIterator<Item = (&'a str, &'a Secret)>,
    ) -> Result<Self, ModuleError> {
        let pairs = credentials.into_iter().map(|(name, password)| {
            credential(&format!("{name}:{}", password.expose()))
                .map_err(|what| ModuleError(format!("Basic auth: {what}.")))
        });
        let credentials: Vec<_> = pairs.collect::<Result<_, _>>()?;
        if credentials.is_empty() || credentials.len() > MAX_CREDENTIALS {
            return Err(ModuleError(format!("Basic auth needs 1 to {MAX_CREDENTIALS} credentials.")));
        }
        let challenge = challenge(DEFAULT_REALM).map_err(ModuleError)?;
        Ok(Self { credentials, challenge, enforce: true })
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let list = members.required("credentials")?.items(1..=MAX_CREDENTIALS)?;
        let realm = members.optional("realm");
        let enforce = members.optional("enforce").map(|value| value.boolean()).transpose()?.unwrap_or(true);
        members.finish()?;
        let read = |item: &Value<'_>| credential(item.literal()?).map_err(|what| item.error(what));
        let challenge = match &realm {
            Some(realm) => challenge(realm.literal()?).map_err(|what| realm.error(what))?,
            None => challenge(DEFAULT_REALM).map_err(|what| config.error(what))?,
        };
        Ok(Self { credentials: list.iter().map(read).collect::<Result<_, _>>()?, challenge, enforce })
    }

    /// Whether a request with these headers may pass. The credentials are compared in time that depends on their
    /// lengths alone. `Authorization` stays in the request.
    pub fn decide(&self, headers: &HeaderMap) -> Result<ActionResult, Denial> {
        let presented = presented(headers);
        let authorized = presented.as_deref().is_some_and(|pair| {
            // All are compared, whichever it is.
            self.credentials.iter().fold(false, |found, known| known.matches(pair) | found)
        });
        if !authorized && self.enforce {
            let message = match presented {
                Some(_) => "The user name or the password is wrong.",
                None => "This endpoint needs a user name and a password.",
            };
            let denial = Denial::new(StatusCode::UNAUTHORIZED, None, message);
            return Err(denial.with(WWW_AUTHENTICATE, self.challenge.clone()));
        }
        let name = presented.as_deref().and_then(|pair| pair.split_once(':')).map_or("", |(name, _)| name);
        let credentials =
            json!({ "presented": presented.is_some(), "username": name, "authorized": authorized });
        Ok(ActionResult { action: "basic_auth", members: json!({ "credentials": credentials }) })
    }
}

/// The `name:password` that a request brings, if it brings one and one only.
fn presented(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let (scheme, value) = line.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    pair.contains(':').then_some(pair)
}

/// Checks a `name:password`. What is wrong is said without the password.
fn credential(pair: &str) -> Result<Secret, String> {
    let (name, password) = pair.split_once(':').ok_or("a credential is written `name:password`")?;
    if pair.chars().any(char::is_control) {
        return Err("a credential has no control characters".to_owned());
    }
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
        return Err(format!(
            "the password of `{name}` must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        ));
    }
    Ok(Secret::new("basic auth credential", pair))
}

fn challenge(realm: &str) -> Result<HeaderValue, String> {
    let possible = realm.len() <= MAX_REALM
        && realm.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\'));
    let header =
        possible.then(|| format!("Basic realm=\"{realm}\", charset=\"UTF-8\"").parse().ok()).flatten();
    header.ok_or_else(|| format!("a realm has at most {MAX_REALM} ASCII characters, without quotes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> BasicAuth {
        let (one, two) =
            (Secret::new("password", "correct:horse"), Secret::new("password", "battery staple"));
        BasicAuth::new([("alice", &one), ("bob", &two)]).unwrap()
    }

    fn with(authorization: &[&str]) -> Result<ActionResult, Denial> {
        let mut headers = HeaderMap::new();
        for line in authorization {
            headers.append(AUTHORIZATION, line.parse().unwrap());
        }
        action().decide(&headers)
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn each_credential_is_good_and_nothing_else() {
        for pair in ["alice:correct:horse", "bob:battery staple"] {
            assert!(with(&[&basic(pair)]).is_ok(), "{pair}");
            assert!(with(&[&basic(pair).replace("Basic", "bAsIc")]).is_ok(), "{pair}");
        }
        for pair in [
            "alice:battery staple",
            "alice:",
            "alice",
            ":",
            "",
            "alice:correct:horse ",
            "Alice:correct:horse",
        ] {
            assert!(with(&[&basic(pair)]).is_err(), "{pair}");
        }
        let good = basic("alice:correct:horse");
        assert!(with(&[&good, &good]).is_err(), "two are none");
        assert!(with(&["Bearer x"]).is_err());
        assert!(with(&["Basic !!!"]).is_err());
    }

    #[test]
    fn a_refusal_asks_for_credentials() {
        let denial = with(&[]).unwrap_err();
        assert_eq!(denial.status, StatusCode::UNAUTHORIZED);
        let challenge = HeaderValue::from_static("Basic realm=\"ngrok\", charset=\"UTF-8\"");
        assert_eq!(denial.headers, [(WWW_AUTHENTICATE, challenge)]);
    }

    #[test]
    fn passwords_stay_out_of_sight() {
        assert!(!format!("{:?}", action()).contains("horse"));
        let short = BasicAuth::new([("alice", &Secret::new("password", "hunter2"))]).unwrap_err();
        assert_eq!(short.to_string(), "Basic auth: the password of `alice` must have 8 to 128 characters.");
    }

    #[test]
    fn the_result_names_the_user_and_not_the_password() {
        let result = with(&[&basic("alice:correct:horse")]).unwrap();
        let expected = json!({"credentials": {"presented": true, "username": "alice", "authorized": true}});
        assert_eq!(result.members, expected);
    }
}
