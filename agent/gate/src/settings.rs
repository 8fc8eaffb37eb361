use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ground::Secret;
use openidconnect::IssuerUrl;

use crate::cookies::{self, MAX_AUTH_ID_BYTES};
use crate::identity::Address;

/// How long a session lives without a request unless the settings say otherwise: 72 hours.
const DEFAULT_INACTIVITY_TIMEOUT: Duration = Duration::from_secs(72 * 3600);
/// How long a session lives at most unless the settings say otherwise: 14 days.
const DEFAULT_MAXIMUM_DURATION: Duration = Duration::from_secs(14 * 24 * 3600);
/// The scopes that are asked for when none are named.
const DEFAULT_SCOPES: [&str; 3] = ["openid", "profile", "email"];

const MAX_ISSUER_BYTES: usize = 255;
const MAX_SCOPES: usize = 25;
const MAX_SCOPE_BYTES: usize = 255;
const MAX_PARAMETERS: usize = 10;
const MAX_PARAMETER_BYTES: usize = 1024;
/// How often userinfo may be asked again at most.
const MIN_REFRESH_INTERVAL: Duration = Duration::from_secs(1);
/// Parameters of an authorization request that the gate sets itself, or that would change what its answer is.
const OWN_PARAMETERS: [&str; 14] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "token",
];
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);

/// What someone asked a gate to be, unchecked: as it comes from an agent's bind, the API or the dashboard.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The issuer's URL, spelt exactly as the issuer spells it in its discovery document.
    pub issuer: String,
    /// The client's identifier at the issuer.
    pub client_id: String,
    /// The client's secret at the issuer.
    pub client_secret: Secret,
    /// Scopes to ask for; `openid` is added where it is missing. None: `openid profile email`.
    pub scopes: Vec<String>,
    /// Addresses that may pass. With `allow_domains` empty too, everyone whom the issuer vouches for passes.
    pub allow_emails: Vec<String>,
    /// Domains whose addresses may pass: exactly these, not their subdomains.
    pub allow_domains: Vec<String>,
    /// How long a session lives without a request, stage time. Nothing or zero: 72 hours.
    pub inactivity_timeout: Option<Duration>,
    /// How long a session lives at most, stage time. Nothing or zero: 14 days.
    pub maximum_duration: Option<Duration>,
    /// Whether CORS preflights (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) pass without a session.
    pub options_passthrough: bool,
    /// Tells this gate from others on the same endpoint: its sessions have a cookie of their own. Letters, digits, `-`
    /// and `_`, at most 64; mostly empty.
    pub auth_id: String,
    /// More parameters for the authorization request, as `audience` or `prompt`; none that the gate sets itself.
    pub authz_url_params: Vec<(String, String)>,
    /// How long what userinfo said is believed, stage time. When it is older, userinfo is asked again before the next
    /// request passes, and the allow-lists are applied again. Nothing or zero: as long as the session lasts.
    pub userinfo_refresh_interval: Option<Duration>,
    /// Whether a session keeps the issuer's tokens, see [`Stay::tokens`](crate::Stay::tokens).
    pub keep_tokens: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: Secret::new("client secret", ""),
            scopes: Vec::new(),
            allow_emails: Vec::new(),
            allow_domains: Vec::new(),
            inactivity_timeout: None,
            maximum_duration: None,
            options_passthrough: false,
            auth_id: String::new(),
            authz_url_params: Vec::new(),
            userinfo_refresh_interval: None,
            keep_tokens: false,
        }
    }
}

/// What a gate is, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    issuer: IssuerUrl,
    client_id: String,
    client_secret: Secret,
    scopes: Vec<String>,
    allow_emails: BTreeSet<String>,
    allow_domains: BTreeSet<String>,
    inactivity_timeout: Duration,
    maximum_duration: Duration,
    options_passthrough: bool,
    auth_id: String,
    session_cookie: String,
    authz_url_params: Vec<(String, String)>,
    userinfo_refresh_interval: Option<Duration>,
    keep_tokens: bool,
    fingerprint: Fingerprint,
}

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// No issuer.
    #[error("the issuer URL is missing")]
    IssuerMissing,
    /// The issuer is not an https URL of a host, without user, query or fragment.
    #[error("the issuer {0:?} is not possible: it must be an https URL, without user, query or fragment")]
    IssuerInvalid(String),
    /// The issuer has more than 255 bytes.
    #[error("the issuer URL is {0} bytes long; at most {MAX_ISSUER_BYTES} are allowed")]
    IssuerTooLong(usize),
    /// No client ID.
    #[error("the client ID is missing")]
    ClientIdMissing,
    /// No client secret.
    #[error("the client secret is missing")]
    ClientSecretMissing,
    /// More than 25 scopes.
    #[error("{0} scopes are asked for; at most {MAX_SCOPES} are allowed")]
    TooManyScopes(usize),
    /// A scope with more than 255 bytes.
    #[error("a scope is {0} bytes long; at most {MAX_SCOPE_BYTES} are allowed")]
    ScopeTooLong(usize),
    /// A scope with characters that no scope may have (RFC 6749, 3.3).
    #[error("{0:?} is not a scope")]
    ScopeInvalid(String),
    /// An entry of `allow_emails` that is no address.
    #[error("{0:?} is not an e-mail address")]
    EmailInvalid(String),
    /// An entry of `allow_domains` that is no domain.
    #[error("{0:?} is not a domain")]
    DomainInvalid(String),
    /// An `auth_id` that can't be part of a cookie's name.
    #[error(
        "{0:?} is not possible as auth_id: it has letters, digits, `-` and `_`, at most {MAX_AUTH_ID_BYTES}"
    )]
    AuthIdInvalid(String),
    /// More than 10 parameters for the authorization request.
    #[error("{0} parameters are added to the authorization request; at most {MAX_PARAMETERS} are allowed")]
    TooManyParameters(usize),
    /// A parameter that the gate sets itself, or that is there twice.
    #[error("the parameter {0:?} can't be added to the authorization request")]
    ParameterReserved(String),
    /// A parameter without a name, or with more than 1024 bytes.
    #[error("the parameter {0:?} of the authorization request is empty or too long")]
    ParameterInvalid(String),
    /// Userinfo would be asked more than once a second.
    #[error("userinfo can be refreshed once a second at most")]
    RefreshTooOften,
    /// A duration over a year.
    #[error("a session may last a year at most, not {} s", .0.as_secs())]
    DurationTooLong(Duration),
}

impl SettingsError {
    /// ngrok's code for it when an agent binds an endpoint.
    pub fn bind_code(&self) -> u16 {
        match self {
            Self::ClientIdMissing => 385,
            Self::ClientSecretMissing => 386,
            Self::IssuerMissing | Self::IssuerInvalid(_) => 387,
            Self::TooManyScopes(_) => 388,
            Self::ScopeTooLong(_) | Self::ScopeInvalid(_) => 392,
            Self::IssuerTooLong(_) => 1687,
            Self::EmailInvalid(_)
            | Self::DomainInvalid(_)
            | Self::AuthIdInvalid(_)
            | Self::TooManyParameters(_)
            | Self::ParameterReserved(_)
            | Self::ParameterInvalid(_)
            | Self::RefreshTooOften
            | Self::DurationTooLong(_) => 2203,
        }
    }

    /// ngrok's code for it when the API or the dashboard sets up an Edge.
    pub fn api_code(&self) -> u16 {
        match self {
            Self::IssuerMissing | Self::IssuerInvalid(_) => 1688,
            Self::ClientIdMissing => 1689,
            Self::ClientSecretMissing => 1690,
            other => other.bind_code(),
        }
    }
}

impl Draft {
    /// Checks and normalizes what was asked for.
    pub fn check(self) -> Result<Settings, SettingsError> {
        let issuer = issuer(self.issuer.trim())?;
        let client_id = self.client_id.trim().to_owned();
        if client_id.is_empty() {
            return Err(SettingsError::ClientIdMissing);
        }
        if self.client_secret.expose().is_empty() {
            return Err(SettingsError::ClientSecretMissing);
        }
        let mut settings = Settings {
            issuer,
            client_id,
            client_secret: self.client_secret,
            scopes: scopes(&self.scopes)?,
            allow_emails: self.allow_emails.iter().map(|text| email(text)).collect::<Result<_, _>>()?,
            allow_domains: self.allow_domains.iter().map(|text| domain(text)).collect::<Result<_, _>>()?,
            inactivity_timeout: duration(self.inactivity_timeout, DEFAULT_INACTIVITY_TIMEOUT)?,
            maximum_duration: duration(self.maximum_duration, DEFAULT_MAXIMUM_DURATION)?,
            options_passthrough: self.options_passthrough,
            session_cookie: cookies::session_cookie(&self.auth_id),
            auth_id: auth_id(self.auth_id)?,
            authz_url_params: parameters(self.authz_url_params)?,
            userinfo_refresh_interval: refresh_interval(self.userinfo_refresh_interval)?,
            keep_tokens: self.keep_tokens,
            fingerprint: Fingerprint([0; 32]),
        };
        settings.fingerprint = Fingerprint::of(&settings);
        Ok(settings)
    }
}

fn issuer(text: &str) -> Result<IssuerUrl, SettingsError> {
    if text.is_empty() {
        return Err(SettingsError::IssuerMissing);
    }
    if text.len() > MAX_ISSUER_BYTES {
        return Err(SettingsError::IssuerTooLong(text.len()));
    }
    let invalid = || SettingsError::IssuerInvalid(text.to_owned());
    let issuer = IssuerUrl::new(text.to_owned()).map_err(|_| invalid())?;
    let url = issuer.url();
    let acceptable = url.scheme() == "https"
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if acceptable { Ok(issuer) } else { Err(invalid()) }
}

fn scopes(asked: &[String]) -> Result<Vec<String>, SettingsError> {
    let mut scopes: Vec<String> = Vec::new();
    let words = asked.iter().flat_map(|text| text.split_whitespace());
    for scope in words {
        if scope.len() > MAX_SCOPE_BYTES {
            return Err(SettingsError::ScopeTooLong(scope.len()));
        }
        if !scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
            return Err(SettingsError::ScopeInvalid(scope.to_owned()));
        }
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    if scopes.is_empty() {
        scopes = DEFAULT_SCOPES.map(str::to_owned).to_vec();
    }
    if !scopes.iter().any(|scope| scope == "openid") {
        scopes.insert(0, "openid".to_owned());
    }
    if scopes.len() > MAX_SCOPES {
        return Err(SettingsError::TooManyScopes(scopes.len()));
    }
    Ok(scopes)
}

fn email(text: &str) -> Result<String, SettingsError> {
    let address = Address::parse(text.trim()).ok_or_else(|| SettingsError::EmailInvalid(text.to_owned()))?;
    Ok(address.normalized())
}

fn domain(text: &str) -> Result<String, SettingsError> {
    let invalid = || SettingsError::DomainInvalid(text.to_owned());
    let name = text.trim();
    let name = name.strip_prefix('@').unwrap_or(name);
    // A domain is what may stand behind the @ of an address.
    let address = format!("a@{name}");
    let address = Address::parse(&address).ok_or_else(invalid)?;
    Ok(address.domain())
}

fn duration(asked: Option<Duration>, default: Duration) -> Result<Duration, SettingsError> {
    match asked {
        None | Some(Duration::ZERO) => Ok(default),
        Some(asked) if asked > MAX_DURATION => Err(SettingsError::DurationTooLong(asked)),
        Some(asked) => Ok(asked),
    }
}

fn auth_id(text: String) -> Result<String, SettingsError> {
    if cookies::is_auth_id(&text) { Ok(text) } else { Err(SettingsError::AuthIdInvalid(text)) }
}

fn parameters(mut asked: Vec<(String, String)>) -> Result<Vec<(String, String)>, SettingsError> {
    if asked.len() > MAX_PARAMETERS {
        return Err(SettingsError::TooManyParameters(asked.len()));
    }
    asked.sort();
    for (at, (name, value)) in asked.iter().enumerate() {
        let twice = at > 0 && asked[at - 1].0 == *name;
        if twice || OWN_PARAMETERS.contains(&name.as_str()) {
            return Err(SettingsError::ParameterReserved(name.clone()));
        }
        if name.is_empty() || name.len() + value.len() > MAX_PARAMETER_BYTES {
            return Err(SettingsError::ParameterInvalid(name.clone()));
        }
    }
    Ok(asked)
}

fn refresh_interval(asked: Option<Duration>) -> Result<Option<Duration>, SettingsError> {
    match asked.filter(|interval| !interval.is_zero()) {
        Some(interval) if interval < MIN_REFRESH_INTERVAL => Err(SettingsError::RefreshTooOften),
        Some(interval) if interval > MAX_DURATION => Err(SettingsError::DurationTooLong(interval)),
        interval => Ok(interval),
    }
}

impl Settings {
    /// The issuer.
    pub fn issuer(&self) -> &IssuerUrl {
        &self.issuer
    }

    /// The client's identifier at the issuer.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client's secret at the issuer.
    pub fn client_secret(&self) -> &Secret {
        &self.client_secret
    }

    /// The scopes that are asked for, `openid` among them.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Addresses that may pass, in lower case.
    pub fn allow_emails(&self) -> &BTreeSet<String> {
        &self.allow_emails
    }

    /// Domains that may pass, in lower case.
    pub fn allow_domains(&self) -> &BTreeSet<String> {
        &self.allow_domains
    }

    /// How long a session lives without a request.
    pub fn inactivity_timeout(&self) -> Duration {
        self.inactivity_timeout
    }

    /// How long a session lives at most.
    pub fn maximum_duration(&self) -> Duration {
        self.maximum_duration
    }

    /// Whether CORS preflights pass without a session.
    pub fn options_passthrough(&self) -> bool {
        self.options_passthrough
    }

    /// What tells this gate from others on the same endpoint; mostly empty.
    pub fn auth_id(&self) -> &str {
        &self.auth_id
    }

    /// The name of the cookie that carries its sessions.
    pub fn session_cookie(&self) -> &str {
        &self.session_cookie
    }

    /// More parameters for the authorization request.
    pub fn authz_url_params(&self) -> &[(String, String)] {
        &self.authz_url_params
    }

    /// How long what userinfo said is believed, if not as long as the session lasts.
    pub fn userinfo_refresh_interval(&self) -> Option<Duration> {
        self.userinfo_refresh_interval
    }

    /// Whether a session keeps the issuer's tokens.
    pub fn keep_tokens(&self) -> bool {
        self.keep_tokens
    }

    /// What tells these settings from others: sessions and pending logins of other settings count for nothing.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// A digest of all settings of a gate. Equal settings have equal fingerprints, in every process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest as text, for those who keep it.
    pub(crate) fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest in a text of [`to_text`](Self::to_text).
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        Some(Self(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?))
    }

    fn of(settings: &Settings) -> Self {
        let mut context = Context::new(&SHA256);
        // Each field goes in behind its length, and each list behind its count, so that none can pass for another.
        let mut field = |bytes: &[u8]| {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        field(settings.issuer.as_bytes());
        field(settings.client_id.as_bytes());
        field(settings.client_secret.expose().as_bytes());
        let lists: [Vec<&String>; 3] = [
            settings.scopes.iter().collect(),
            settings.allow_emails.iter().collect(),
            settings.allow_domains.iter().collect(),
        ];
        for list in lists {
            field(&(list.len() as u64).to_be_bytes());
            for entry in list {
                field(entry.as_bytes());
            }
        }
        field(&settings.inactivity_timeout.as_nanos().to_be_bytes());
        field(&settings.maximum_duration.as_nanos().to_be_bytes());
        field(&[u8::from(settings.options_passthrough)]);
        field(settings.auth_id.as_bytes());
        field(&(settings.authz_url_params.len() as u64).to_be_bytes());
        for (name, value) in &settings.authz_url_params {
            field(name.as_bytes());
            field(value.as_bytes());
        }
        field(&settings.userinfo_refresh_interval.map_or(0, |interval| interval.as_nanos()).to_be_bytes());
        field(&[u8::from(settings.keep_tokens)]);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.finish().as_ref());
        Self(fingerprint)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret went into it, so it is not for logs.
        f.write_str("[fingerprint]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            issuer: "https://acme.okta.test".to_owned(),
            client_id: "0oa1".to_owned(),
            client_secret: Secret::new("client secret", "hunter2"),
            ..Draft::default()
        }
    }

    fn with(change: impl FnOnce(&mut Draft)) -> Result<Settings, SettingsError> {
        let mut draft = draft();
        change(&mut draft);
        draft.check()
    }

    #[test]
    fn defaults_are_filled_in() {
        let settings = draft().check().unwrap();
        assert_eq!(settings.scopes(), ["openid", "profile", "email"]);
        assert_eq!(settings.inactivity_timeout(), Duration::from_secs(72 * 3600));
        assert_eq!(settings.maximum_duration(), Duration::from_secs(14 * 24 * 3600));
        let settings =
            with(|draft| draft.scopes = vec!["email groups".to_owned(), "email".to_owned()]).unwrap();
        assert_eq!(settings.scopes(), ["openid", "email", "groups"]);
    }

    #[test]
    fn each_fault_has_its_codes() {
        let codes = |change: fn(&mut Draft)| {
            let error = with(change).unwrap_err();
            (error.bind_code(), error.api_code())
        };
        assert_eq!(codes(|draft| draft.client_id = " ".to_owned()), (385, 1689));
        assert_eq!(codes(|draft| draft.client_secret = Secret::new("client secret", "")), (386, 1690));
        assert_eq!(codes(|draft| draft.issuer.clear()), (387, 1688));
        assert_eq!(codes(|draft| draft.issuer = "http://acme.okta.test".to_owned()), (387, 1688));
        assert_eq!(codes(|draft| draft.issuer = format!("https://a.test/{}", "x".repeat(255))), (1687, 1687));
        assert_eq!(codes(|draft| draft.scopes = (0..25).map(|n| format!("s{n}")).collect()), (388, 388));
        assert_eq!(codes(|draft| draft.scopes = vec!["x".repeat(256)]), (392, 392));
        assert_eq!(codes(|draft| draft.scopes = vec!["a\"b".to_owned()]), (392, 392));
        assert_eq!(codes(|draft| draft.allow_domains = vec!["*.acme.test".to_owned()]), (2203, 2203));
        assert_eq!(codes(|draft| draft.allow_emails = vec!["acme.test".to_owned()]), (2203, 2203));
        assert_eq!(codes(|draft| draft.maximum_duration = Some(Duration::MAX)), (2203, 2203));
    }

    #[test]
    fn an_issuer_is_a_plain_https_url() {
        for issuer in [
            "acme.okta.test",
            "http://acme.okta.test",
            "https://a@acme.okta.test",
            "https://acme.okta.test?x",
            "https://acme.okta.test#x",
            "https://",
            "javascript:alert(1)",
        ] {
            let error = with(|draft| draft.issuer = issuer.to_owned()).unwrap_err();
            assert_eq!(error, SettingsError::IssuerInvalid(issuer.to_owned()));
        }
        assert!(with(|draft| draft.issuer = "https://acme.okta.test/oauth2/default".to_owned()).is_ok());
    }

    #[test]
    fn equal_settings_have_equal_fingerprints_and_others_others() {
        let fingerprint = |change: fn(&mut Draft)| with(change).unwrap().fingerprint();
        let plain = fingerprint(|_| ());
        assert_eq!(plain, fingerprint(|_| ()));
        let changes: [fn(&mut Draft); 9] = [
            |draft| draft.issuer = "https://other.okta.test".to_owned(),
            |draft| draft.client_id = "0oa2".to_owned(),
            |draft| draft.client_secret = Secret::new("client secret", "hunter3"),
            |draft| draft.scopes = vec!["openid".to_owned()],
            |draft| draft.allow_emails = vec!["a@acme.test".to_owned()],
            |draft| draft.allow_domains = vec!["acme.test".to_owned()],
            |draft| draft.inactivity_timeout = Some(Duration::from_secs(1)),
            |draft| draft.maximum_duration = Some(Duration::from_secs(1)),
            |draft| draft.options_passthrough = true,
        ];
        let mut seen = vec![plain];
        for change in changes {
            let fingerprint = fingerprint(change);
            assert!(!seen.contains(&fingerprint));
            seen.push(fingerprint);
        }
    }
}
