use http::StatusCode;

use crate::id_token::TokenFault;

/// Why someone is refused. The upstream is not reached and no session is made.
///
/// `Display` is for evidence and logs and says all that is known, but no secret; [`title`](Refusal::title) and
/// [`words`](Refusal::words) are for the person at the browser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no session, and this request can't be led through a login: it is no navigation.
    #[error("no session, and the request is not a navigation")]
    SignInRequired,
    /// There was a session, it has ended, and this request is no navigation.
    #[error("the session has ended, and the request is not a navigation")]
    SessionExpired,
    /// Several cookies of the gate's own name came with the request.
    #[error("several cookies of the gate's name in one request")]
    AmbiguousCookies,
    /// The request's method has no meaning on a path of the gate's.
    #[error("the method is not allowed on the gate's paths")]
    MethodNotAllowed,
    /// Nothing is at this path of the identity host.
    #[error("nothing is at this path of the identity host")]
    NotFound,
    /// The callback has no `state`.
    #[error("the callback has no state")]
    StateMissing,
    /// The callback repeats a parameter, or is both an answer and an error.
    #[error("the callback is malformed: {0}")]
    CallbackMalformed(&'static str),
    /// No login is pending under this `state`: it was never begun here, or it has been used.
    #[error("no login is pending under this state")]
    StateUnknown,
    /// The callback has neither a code nor an error.
    #[error("the callback has no code")]
    CodeMissing,
    /// The authorization response or a third party's login names another issuer than the gate's (RFC 9207).
    #[error("another issuer than the gate's, or none where one is required")]
    IssuerMismatch,
    /// The hand-over's ticket is unknown, used or too old.
    #[error("the ticket is unknown, used or too old")]
    TicketUnknown,
    /// The hand-over's ticket was given for another endpoint.
    #[error("the ticket was given for another endpoint")]
    WrongHost,
    /// The browser brought no login cookie.
    #[error("no login cookie")]
    LoginCookieMissing,
    /// The login was begun in another browser.
    #[error("the login cookie is not that of the browser that began")]
    OtherBrowser,
    /// More than 15 minutes lie between the login's begin and its end.
    #[error("the login took more than 15 minutes")]
    TookTooLong,
    /// The endpoint's settings changed while the login was under way.
    #[error("the endpoint's settings changed during the login")]
    SettingsChanged,
    /// The issuer answered with an error (RFC 6749, 4.1.2.1).
    #[error("the issuer answered {error}: {}", description.as_deref().unwrap_or("no description"))]
    Provider {
        /// The error's code.
        error: String,
        /// What the issuer says about it.
        description: Option<String>,
    },
    /// The issuer refused to redeem the code (RFC 6749, 5.2).
    #[error("the token endpoint answered {error}: {}", description.as_deref().unwrap_or("no description"))]
    CodeRefused {
        /// The error's code.
        error: String,
        /// What the issuer says about it.
        description: Option<String>,
    },
    /// The issuer's metadata or keys could not be had, or are not acceptable.
    #[error("the issuer's metadata: {0}")]
    Metadata(String),
    /// The issuer could not be asked for tokens or claims, or its answer is not one.
    #[error("talking to the issuer: {0}")]
    Communication(String),
    /// The issuer gave no ID token.
    #[error("the issuer gave no ID token")]
    IdTokenMissing,
    /// The ID token was not accepted.
    #[error("the ID token was not accepted: {0}")]
    IdToken(TokenFault),
    /// The claims about the person contradict each other.
    #[error("the claims were not accepted: {0}")]
    Claims(&'static str),
    /// The allow-lists ask for an address, and the issuer gave none.
    #[error("the issuer gave no e-mail address")]
    NoEmail,
    /// The allow-lists ask for an address, and the issuer says that this one is not verified.
    #[error("the e-mail address is not verified")]
    EmailUnverified,
    /// The address is on none of the allow-lists.
    #[error("{email} is on no allow-list")]
    NotPermitted {
        /// The address, as the issuer gave it.
        email: String,
    },
}

impl Refusal {
    /// ngrok's number for it: `ERR_NGROK_<code>`.
    pub fn code(&self) -> u16 {
        match self {
            Self::SignInRequired | Self::SessionExpired | Self::AmbiguousCookies => 3100,
            Self::NotPermitted { .. } | Self::EmailUnverified => 3105,
            Self::StateMissing => 3107,
            Self::NoEmail => 3109,
            Self::TookTooLong => 3119,
            Self::TicketUnknown => 3120,
            Self::LoginCookieMissing => 3121,
            Self::OtherBrowser => 3122,
            Self::CodeMissing => 3123,
            Self::WrongHost => 3124,
            Self::NotFound => 3209,
            Self::CallbackMalformed(_)
            | Self::StateUnknown
            | Self::SettingsChanged
            | Self::MethodNotAllowed => 3300,
            Self::Communication(_) => 5202,
            Self::IdTokenMissing => 5203,
            Self::IdToken(_) => 5204,
            Self::Claims(_) | Self::IssuerMismatch => 5205,
            Self::Metadata(_) => 5208,
            Self::Provider { .. } | Self::CodeRefused { .. } => 5211,
        }
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignInRequired | Self::SessionExpired => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::AmbiguousCookies
            | Self::StateMissing
            | Self::CallbackMalformed(_)
            | Self::StateUnknown
            | Self::CodeMissing
            | Self::IssuerMismatch
            | Self::TicketUnknown
            | Self::WrongHost
            | Self::LoginCookieMissing
            | Self::OtherBrowser
            | Self::TookTooLong
            | Self::SettingsChanged => StatusCode::BAD_REQUEST,
            Self::Metadata(_) | Self::Communication(_) | Self::IdTokenMissing | Self::CodeRefused { .. } => {
                StatusCode::BAD_GATEWAY
            }
            Self::Provider { .. }
            | Self::IdToken(_)
            | Self::Claims(_)
            | Self::NoEmail
            | Self::EmailUnverified
            | Self::NotPermitted { .. } => StatusCode::FORBIDDEN,
        }
    }

    /// What happened, in a few words.
    pub fn title(&self) -> &'static str {
        match self {
            Self::SignInRequired => "Sign in first",
            Self::SessionExpired => "Your session has ended",
            Self::AmbiguousCookies => "Your session can't be told apart",
            Self::MethodNotAllowed => "This can't be done here",
            Self::NotFound => "Nothing is here",
            Self::StateMissing
            | Self::CallbackMalformed(_)
            | Self::StateUnknown
            | Self::CodeMissing
            | Self::TicketUnknown
            | Self::SettingsChanged => "This sign-in can't be finished",
            Self::TookTooLong => "Signing in took too long",
            Self::WrongHost => "This sign-in belongs to another address",
            Self::LoginCookieMissing | Self::OtherBrowser => "This sign-in was begun elsewhere",
            Self::IssuerMismatch => "The answer came from the wrong identity provider",
            Self::Provider { error, .. } if error == "access_denied" => "Your identity provider said no",
            Self::Provider { .. } | Self::CodeRefused { .. } => "Your identity provider reported a problem",
            Self::Metadata(_) | Self::Communication(_) | Self::IdTokenMissing => {
                "The identity provider can't be reached properly"
            }
            Self::IdToken(_) | Self::Claims(_) => "The identity provider's answer can't be trusted",
            Self::NoEmail | Self::EmailUnverified | Self::NotPermitted { .. } => "You may not enter here",
        }
    }

    /// What it means and what to do, a paragraph each.
    pub fn words(&self) -> Vec<String> {
        let texts: &[&str] = match self {
            Self::SignInRequired => &[
                "This address is behind a sign-in, and this request brought no session.",
                "Open the address in a browser to sign in.",
            ],
            Self::SessionExpired => &[
                "The session that this request brought has ended.",
                "Open the address in a browser to sign in again.",
            ],
            Self::AmbiguousCookies => &[
                "Your browser sent more than one session for this address, so none of them is believed.",
                "Clear this site's cookies and sign in again.",
            ],
            Self::MethodNotAllowed => &["This path of the sign-in is for opening in a browser only."],
            Self::NotFound => &["This address only takes part in signing in. There is nothing to see."],
            Self::StateMissing | Self::CallbackMalformed(_) | Self::CodeMissing => &[
                "The identity provider's answer is incomplete or was changed on its way.",
                "Go back to the address that you wanted to open and start again.",
            ],
            Self::StateUnknown => &[
                "It has been finished before, or it was never begun here. Each sign-in works once.",
                "Go back to the address that you wanted to open. If you are signed in already, it opens.",
            ],
            Self::TicketUnknown => &[
                "The link that finishes a sign-in works once, and only for a minute.",
                "Go back to the address that you wanted to open and start again.",
            ],
            Self::SettingsChanged => &[
                "The settings of this address were changed while you were signing in.",
                "Please start again.",
            ],
            Self::TookTooLong => {
                &["For your security, a sign-in has to be finished within 15 minutes.", "Please start again."]
            }
            Self::WrongHost => &[
                "It can only be finished at the address where it was begun.",
                "Please start again from there.",
            ],
            Self::LoginCookieMissing => &[
                "Only the browser that began a sign-in can finish it, and this one shows no sign of having begun.",
                "If you were sent a link, don't use it. Otherwise allow cookies for this site and start again.",
            ],
            Self::OtherBrowser => &[
                "Only the browser that began a sign-in can finish it, and this is another one.",
                "If you were sent a link, don't use it. Otherwise start again here.",
            ],
            Self::IssuerMismatch => &[
                "The sign-in names another identity provider than the one that guards this address.",
                "Go back to the address that you wanted to open and start again.",
            ],
            Self::Provider { error, description } | Self::CodeRefused { error, description } => {
                return provider_words(error, description.as_deref());
            }
            Self::Metadata(_) | Self::Communication(_) => &[
                "The identity provider that guards this address didn't answer, or not in a way that can be used.",
                "Try again in a moment. If it stays so, tell whoever runs this site.",
            ],
            Self::IdTokenMissing => &[
                "The identity provider didn't say who you are (it gave no ID token).",
                "Tell whoever runs this site: the sign-in has to ask for the scope openid.",
            ],
            Self::IdToken(_) | Self::Claims(_) => &[
                "What it said about you failed a check, so you were not let in.",
                "Try again. If it stays so, tell whoever runs this site, and name the code below.",
            ],
            Self::NoEmail => &[
                "Only certain e-mail addresses may enter, and your identity provider didn't name yours.",
                "Ask whoever runs this site for help.",
            ],
            Self::EmailUnverified => &[
                "Only certain e-mail addresses may enter, and yours has not been verified.",
                "Verify it at your identity provider, then sign in again.",
            ],
            Self::NotPermitted { email } => {
                return vec![
                    format!("You signed in as {email}, which is not among those who may enter."),
                    "Sign in with another account, or ask whoever runs this site to let you in.".to_owned(),
                ];
            }
        };
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    /// Whether starting again may help, with another account perhaps.
    pub(crate) fn is_worth_another_try(&self) -> bool {
        !matches!(self, Self::MethodNotAllowed | Self::NotFound | Self::AmbiguousCookies)
    }
}

fn provider_words(error: &str, description: Option<&str>) -> Vec<String> {
    let said = match description {
        Some(description) => format!("It said: “{description}” ({error})."),
        None => format!("It said: {error}."),
    };
    let advice = match error {
        "access_denied" => {
            "Ask whoever runs it to give you access to this app, or sign in with another account."
        }
        "invalid_client" => "Tell whoever runs this site: its client ID or client secret is not right.",
        _ => "Try again. If it stays so, tell whoever runs this site.",
    };
    vec![said, advice.to_owned()]
}
