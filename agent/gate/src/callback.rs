//! The issuer's answer, as it arrives on the identity host (RFC 6749, 4.1.2; RFC 9207).

use ground::Secret;
use http::Uri;

use crate::Refusal;
use crate::decision::{Parameters, Repeated};
use crate::pending::Login;
use crate::tickets::Outcome;

const MAX_CODE_BYTES: usize = 4096;
pub(crate) const MAX_ERROR_CHARS: usize = 64;
pub(crate) const MAX_DESCRIPTION_CHARS: usize = 300;

/// An authorization response, read strictly but believed in nothing yet.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) state: String,
    issuer: Option<String>,
    outcome: Outcome,
}

impl Response {
    /// Reads the callback's query. Nothing may stand there twice, and it must be either a code or an error.
    pub(crate) fn parse(uri: &Uri) -> Result<Self, Refusal> {
        let parameters = Parameters::of(uri);
        let one = |name| {
            let value = parameters.one(name);
            value.map_err(|Repeated| Refusal::CallbackMalformed("a parameter is repeated"))
        };
        let (state, issuer) = (one("state")?, one("iss")?.map(str::to_owned));
        let (code, error, description) = (one("code")?, one("error")?, one("error_description")?);
        let state = state.filter(|state| !state.is_empty()).ok_or(Refusal::StateMissing)?.to_owned();
        let outcome = match (code, error) {
            (Some(_), Some(_)) => return Err(Refusal::CallbackMalformed("both a code and an error")),
            (None | Some(""), None) => return Err(Refusal::CodeMissing),
            (Some(code), None) if code.len() > MAX_CODE_BYTES => {
                return Err(Refusal::CallbackMalformed("the code is too long"));
            }
            (Some(code), None) => Outcome::Code(Secret::new("code", code)),
            (None, Some(error)) => Outcome::Error {
                error: printable(error, MAX_ERROR_CHARS),
                description: description.map(|text| printable(text, MAX_DESCRIPTION_CHARS)),
            },
        };
        Ok(Self { state, issuer, outcome })
    }

    /// The outcome for `login`, if it comes from the login's issuer.
    pub(crate) fn outcome_of(self, login: &Login) -> Result<Outcome, Refusal> {
        match self.issuer {
            Some(issuer) if issuer != login.issuer => Err(Refusal::IssuerMismatch),
            None if login.issuer_names_itself => Err(Refusal::IssuerMismatch),
            _ => Ok(self.outcome),
        }
    }
}

/// A text from the issuer that a page can show: no control characters, not too long.
pub(crate) fn printable(text: &str, limit: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Response, Refusal> {
        Response::parse(&format!("/oauth2/callback?{query}").parse().unwrap())
    }

    fn refused(query: &str) -> Refusal {
        parse(query).unwrap_err()
    }

    #[test]
    fn a_code_or_an_error_is_read() {
        let response =
            parse("state=s%2B1&code=c+d&iss=https%3A%2F%2Facme.okta.test&session_state=x").unwrap();
        assert_eq!(
            (response.state.as_str(), response.issuer.as_deref()),
            ("s+1", Some("https://acme.okta.test"))
        );
        assert!(matches!(response.outcome, Outcome::Code(code) if code.expose() == "c d"));
        let response = parse("state=s&error=access_denied&error_description=User+is%0Anot+assigned").unwrap();
        let Outcome::Error { error, description } = response.outcome else { panic!("not an error") };
        assert_eq!((error.as_str(), description.as_deref()), ("access_denied", Some("User isnot assigned")));
    }

    #[test]
    fn what_is_ambiguous_or_incomplete_is_refused() {
        for query in ["state=a&state=b&code=c", "state=a&code=c&code=d", "state=a&code=c&iss=x&iss=x"] {
            assert_eq!(refused(query), Refusal::CallbackMalformed("a parameter is repeated"), "{query}");
        }
        let repeated = "state=a&error=x&error_description=y&error_description=z";
        assert_eq!(refused(repeated), Refusal::CallbackMalformed("a parameter is repeated"));
        assert_eq!(refused("state=a&code=c&error=e"), Refusal::CallbackMalformed("both a code and an error"));
        assert_eq!(refused("code=c"), Refusal::StateMissing);
        assert_eq!(refused("state=&code=c"), Refusal::StateMissing);
        assert_eq!(refused("state=a"), Refusal::CodeMissing);
        assert_eq!(refused("state=a&code="), Refusal::CodeMissing);
        assert_eq!(refused(""), Refusal::StateMissing);
        let long = format!("state=a&code={}", "c".repeat(MAX_CODE_BYTES + 1));
        assert_eq!(refused(&long), Refusal::CallbackMalformed("the code is too long"));
    }
}
