//! Applications: the relying parties that the org knows.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::{Secret, random};
use serde::{Deserialize, Serialize};
use url::Url;

use super::assignment::Assigned;
use super::client_secret::ClientSecret;
use super::group_filter::is_claim_name;
use super::log::{Entry, EventType};
use super::records::Records;
use super::{
    AppId, Cause, ClientKey, GroupsClaim, Model, ModelError, Page, PageRequest, Party, PolicyId, UserId,
};

/// An application that signs people in by OpenID Connect, as of the moment it was read. Who may use it,
/// [`Model::assignment`] says. Its client id is its id.
#[derive(Clone, Debug)]
pub struct App {
    /// Its identifier, and its client id.
    pub id: AppId,
    /// Which catalogue entry it was made from: `oidc_client` for an integration of one's own, else `ngrok`, ….
    pub name: String,
    /// The name that people see.
    pub label: String,
    /// Whether it is in use.
    pub status: AppStatus,
    /// The client secret that is shown, which is the newest active one; public clients have none.
    pub secret: Option<Secret>,
    /// All of them, active or not, oldest first.
    pub(super) secrets: Vec<ClientSecret>,
    /// How it speaks OpenID Connect.
    pub settings: ClientSettings,
    /// Which policy says who may go on to it.
    pub access_policy: PolicyId,
    /// When it was made, in stage time as all of these.
    pub created: DateTime<Utc>,
    /// When anything of it last changed.
    pub last_updated: DateTime<Utc>,
}

/// Whether an application is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AppStatus {
    /// People can sign in to it.
    Active,
    /// As if it weren't there.
    Inactive,
}

/// How an application speaks OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// What kind of program it is.
    pub application_type: ApplicationType,
    /// How it proves itself at the token endpoint.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// The public keys by which it does that, if by its own key.
    pub jwks: Vec<ClientKey>,
    /// Which grants it may use.
    pub grant_types: Vec<GrantType>,
    /// What it may ask to be answered with at the authorize endpoint.
    pub response_types: Vec<ResponseType>,
    /// The claim of its ID tokens that names a person's groups, for those who ask for the scope `groups`.
    pub groups_claim: Option<GroupsClaim>,
    /// What becomes of a refresh token when it is used.
    pub refresh_token: RefreshTokenSettings,
    /// Where people may be sent with a code: compared exactly (RFC 6749, 3.1.2.3).
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after a logout: compared exactly.
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether people are asked before it is granted scopes that say so.
    pub consent: ConsentMethod,
    /// Whether a code challenge is demanded (RFC 7636).
    pub pkce_required: bool,
    /// Where a login can be begun from outside (OpenID Connect Core, section 4).
    pub initiate_login_uri: Option<String>,
    /// Who may begin a login.
    pub login_initiated_by: LoginInitiatedBy,
}

/// What kind of program an application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApplicationType {
    /// A server, which can keep a secret.
    Web,
    /// A program on a person's device.
    Native,
    /// A page in a browser.
    Browser,
    /// A program without people, which gets tokens of its own.
    Service,
}

/// How an application proves itself at the token endpoint (OpenID Connect Core, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// By HTTP basic authentication.
    ClientSecretBasic,
    /// By a form member.
    ClientSecretPost,
    /// By a JWT that carries a MAC by the secret.
    ClientSecretJwt,
    /// By a JWT that its private key signed: there is no secret.
    PrivateKeyJwt,
    /// Not at all: a public client, for which a code challenge is demanded.
    None,
}

impl TokenEndpointAuthMethod {
    /// Whether a secret goes with it.
    fn needs_secret(self) -> bool {
        !matches!(self, Self::PrivateKeyJwt | Self::None)
    }

    /// Whether the client sends a JWT.
    pub(crate) fn is_by_jwt(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt)
    }
}

/// Whether people are asked before an application is granted scopes that say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConsentMethod {
    /// No, unless its request says so.
    Trusted,
    /// Yes, once.
    Required,
}

/// What an application may trade for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// An authorization code.
    AuthorizationCode,
    /// Nothing: tokens come by way of the browser (RFC 6749, 4.2; OpenID Connect Core, 3.2 and 3.3).
    Implicit,
    /// A refresh token (RFC 6749, section 6).
    RefreshToken,
    /// Nothing but its own credentials, for a token of its own (RFC 6749, 4.4).
    ClientCredentials,
    /// A device code (RFC 8628).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl GrantType {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::Implicit,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
    ];

    /// The protocol's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }
}

/// What an authorization request is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseType {
    /// A code.
    Code,
    /// An ID token.
    IdToken,
    /// An access token.
    Token,
}

impl ResponseType {
    /// The protocol's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::IdToken => "id_token",
            Self::Token => "token",
        }
    }

    /// Those that go with these grants.
    pub fn usual(grant_types: &[GrantType]) -> Vec<Self> {
        let with = |grant, types: &'static [Self]| grant_types.contains(&grant).then_some(types);
        let code = with(GrantType::AuthorizationCode, &[Self::Code]);
        let implicit = with(GrantType::Implicit, &[Self::IdToken, Self::Token]);
        let own = with(GrantType::ClientCredentials, &[Self::Token]).filter(|_| implicit.is_none());
        [code, implicit, own].into_iter().flatten().flatten().copied().collect()
    }

    /// Whether one of these grants is what it takes.
    fn goes_with(self, grant_types: &[GrantType]) -> bool {
        grant_types.iter().any(|grant| match self {
            Self::Code => *grant == GrantType::AuthorizationCode,
            Self::IdToken => *grant == GrantType::Implicit,
            Self::Token => matches!(grant, GrantType::Implicit | GrantType::ClientCredentials),
        })
    }
}

/// What becomes of a refresh token when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshTokenSettings {
    /// Whether another takes its place.
    pub rotation_type: RefreshTokenRotation,
    /// For how many seconds of stage time a rotated token is still good, 0 to 60: so long an answer may have got lost.
    #[serde(default = "usual_leeway")]
    pub leeway: u32,
}

/// Whether another refresh token takes a used one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefreshTokenRotation {
    /// No: it stays. The default of all but browser apps.
    Static,
    /// Yes. Whoever uses the old one afterwards takes all of its family down (RFC 9700, 4.14.2).
    Rotate,
}

impl RefreshTokenSettings {
    /// Okta's default for that kind of program.
    pub fn usual(application_type: ApplicationType) -> Self {
        let rotation_type = match application_type {
            ApplicationType::Browser => RefreshTokenRotation::Rotate,
            _ => RefreshTokenRotation::Static,
        };
        Self { rotation_type, leeway: usual_leeway() }
    }
}

fn usual_leeway() -> u32 {
    30
}

/// Who may begin a login: "Login initiated by" in the admin console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginInitiatedBy {
    /// "App Only": no tile on people's dashboards.
    AppOnly,
    /// "Either Okta or App": a tile that leads to the app's initiate-login URI, which must be set.
    EitherOktaOrApp,
}

impl Default for ClientSettings {
    /// A web application with a secret, the code grant, no redirect URI yet, login initiated by the app alone.
    fn default() -> Self {
        Self {
            application_type: ApplicationType::Web,
            token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
            jwks: Vec::new(),
            grant_types: vec![GrantType::AuthorizationCode],
            response_types: vec![ResponseType::Code],
            groups_claim: None,
            refresh_token: RefreshTokenSettings::usual(ApplicationType::Web),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            consent: ConsentMethod::Trusted,
            pkce_required: false,
            initiate_login_uri: None,
            login_initiated_by: LoginInitiatedBy::AppOnly,
        }
    }
}

/// An application to be made.
#[derive(Clone, Debug)]
pub struct NewApp {
    /// Which catalogue entry it is made from; `oidc_client` for an integration of one's own.
    pub name: String,
    /// The name that people see, 1 to 100 characters.
    pub label: String,
    /// How it speaks OpenID Connect.
    pub settings: ClientSettings,
    /// Its secret; one is made up when absent.
    pub secret: Option<Secret>,
    /// Whether it can be used at once.
    pub activate: bool,
}

impl NewApp {
    /// An active web application that takes its codes at `redirect_uri`.
    pub fn web(label: &str, redirect_uri: &str) -> Self {
        let redirect_uris = vec![redirect_uri.to_owned()];
        Self {
            name: "oidc_client".to_owned(),
            label: label.to_owned(),
            settings: ClientSettings { redirect_uris, ..ClientSettings::default() },
            secret: None,
            activate: true,
        }
    }
}

/// A tile on a person's dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppLink {
    /// Which application.
    pub app: AppId,
    /// Its catalogue name.
    pub name: String,
    /// The name that people see.
    pub label: String,
    /// The path at the org that leads to it, `/home/…`.
    pub path: String,
}

impl App {
    /// The client id that it gives at the authorize and token endpoints.
    pub fn client_id(&self) -> &str {
        self.id.as_str()
    }

    /// The path at the org that leads to it with a login begun by the org.
    pub fn home_path(&self) -> String {
        format!("/home/{}/{}", self.name, self.id)
    }

    pub(crate) fn party(&self) -> Party {
        Party::new("AppInstance", &self.id, &self.label, &self.label)
    }
}

impl Model {
    /// Makes an application. Nobody is assigned to it.
    ///
    /// # Errors
    /// When label, settings or secret are not acceptable.
    pub fn create_app(&self, new: NewApp, cause: &Cause) -> Result<Arc<App>, ModelError> {
        check(&new.label, &new.settings)?;
        let secret = client_secret(new.secret, &new.settings)?;
        let now = self.now();
        let mut app = App {
            id: AppId::mint(self.minting(), now),
            name: new.name,
            label: new.label,
            status: if new.activate { AppStatus::Active } else { AppStatus::Inactive },
            secret: None,
            secrets: Vec::new(),
            settings: new.settings,
            access_policy: self.default_access_policy().clone(),
            created: now,
            last_updated: now,
        };
        app.fit_secret(secret, self.minting(), now);
        let app = Arc::new(app);
        let mut records = self.write();
        records.apps.insert(app.id.clone(), Arc::clone(&app));
        records.assigned.insert(app.id.clone(), Assigned::default());
        drop(records);
        self.log(Entry::of(EventType::AppCreate).to(app.party()), cause);
        if new.activate {
            self.log(Entry::of(EventType::AppActivate).to(app.party()), cause);
        }
        Ok(app)
    }

    /// The application of this id, active or not.
    pub fn app(&self, id: &AppId) -> Option<Arc<App>> {
        self.read().apps.get(id).map(Arc::clone)
    }

    /// Those applications that `chosen` accepts, in pages.
    pub fn apps(&self, request: &PageRequest, chosen: impl Fn(&App) -> bool) -> Page<Arc<App>> {
        let after = request.after.as_deref().map(AppId::new);
        let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.read();
        let apps = records.apps.range((from, Bound::Unbounded)).map(|(_, app)| app);
        request.cut(apps.filter(|app| chosen(app)).map(Arc::clone), |app| app.id.to_string())
    }

    /// Gives the application another label and other settings. A client that becomes public loses its secret, one
    /// that becomes confidential gets one.
    ///
    /// # Errors
    /// When there is no such application, or label or settings are not acceptable.
    pub fn update_app(
        &self,
        id: &AppId,
        label: &str,
        settings: ClientSettings,
        cause: &Cause,
    ) -> Result<Arc<App>, ModelError> {
        check(label, &settings)?;
        let now = self.now();
        let app = self.write().change_app(id, now, |app| {
            app.fit_secret(client_secret(app.secret.clone(), &settings)?, self.minting(), now);
            app.label = label.to_owned();
            app.settings = settings;
            Ok(())
        })?;
        self.log(Entry::of(EventType::AppUpdate).to(app.party()), cause);
        Ok(app)
    }

    /// Puts the application into use, or out of it.
    ///
    /// # Errors
    /// When there is no such application.
    pub fn set_app_status(
        &self,
        id: &AppId,
        status: AppStatus,
        cause: &Cause,
    ) -> Result<Arc<App>, ModelError> {
        let mut changed = false;
        let app = self.write().change_app(id, self.now(), |app| {
            changed = std::mem::replace(&mut app.status, status) != status;
            Ok(())
        })?;
        if changed {
            let event = match status {
                AppStatus::Active => EventType::AppActivate,
                AppStatus::Inactive => EventType::AppDeactivate,
            };
            self.log(Entry::of(event).to(app.party()), cause);
        }
        Ok(app)
    }

    /// Deletes an application that is not in use, its assignments with it.
    ///
    /// # Errors
    /// When there is no such application, or it is active.
    pub fn delete_app(&self, id: &AppId, cause: &Cause) -> Result<(), ModelError> {
        let mut records = self.write();
        let app = records.apps.get(id).ok_or_else(|| ModelError::not_found("AppInstance", id))?;
        if app.status == AppStatus::Active {
            return Err(ModelError::DeleteActiveApp);
        }
        let party = app.party();
        records.apps.remove(id);
        records.assigned.remove(id);
        records.consents.retain(|(_, app, ..), _| app != id);
        drop(records);
        self.log(Entry::of(EventType::AppDelete).to(party), cause);
        Ok(())
    }

    /// The tiles of a person's dashboard: active applications that the person is assigned to and whose login the org
    /// may begin.
    pub fn app_links(&self, user: &UserId) -> Vec<AppLink> {
        let records = self.read();
        let shown = records.apps.values().filter(|app| {
            app.status == AppStatus::Active
                && app.settings.login_initiated_by == LoginInitiatedBy::EitherOktaOrApp
                && records.assignment(&app.id, user).is_some()
        });
        let link = |app: &Arc<App>| AppLink {
            app: app.id.clone(),
            name: app.name.clone(),
            label: app.label.clone(),
            path: app.home_path(),
        };
        shown.map(link).collect()
    }
}

impl Records {
    pub(super) fn change_app(
        &mut self,
        id: &AppId,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut App) -> Result<(), ModelError>,
    ) -> Result<Arc<App>, ModelError> {
        let app = self.apps.get_mut(id).ok_or_else(|| ModelError::not_found("AppInstance", id))?;
        let mut changed = App::clone(app);
        change(&mut changed)?;
        changed.last_updated = now;
        *app = Arc::new(changed);
        Ok(Arc::clone(app))
    }
}

fn check(label: &str, settings: &ClientSettings) -> Result<(), ModelError> {
    if label.trim().is_empty() || label.chars().count() > 100 {
        return Err(ModelError::invalid("label", "Must be 1 to 100 characters long"));
    }
    if settings.grant_types.is_empty() {
        return Err(ModelError::invalid("grant_types", "The field cannot be left blank"));
    }
    let by_browser = |grant: &GrantType| matches!(grant, GrantType::AuthorizationCode | GrantType::Implicit);
    if settings.redirect_uris.is_empty() && settings.grant_types.iter().any(by_browser) {
        return Err(ModelError::invalid("redirect_uris", "The field cannot be left blank"));
    }
    check_uris("redirect_uris", &settings.redirect_uris)?;
    check_uris("post_logout_redirect_uris", &settings.post_logout_redirect_uris)?;
    check_uris("initiate_login_uri", settings.initiate_login_uri.as_slice())?;
    let public = settings.token_endpoint_auth_method == TokenEndpointAuthMethod::None;
    if public && settings.grant_types.contains(&GrantType::ClientCredentials) {
        let reason = "A client without authentication can't use the client_credentials grant type";
        return Err(ModelError::invalid("grant_types", reason));
    }
    if public && !settings.pkce_required {
        let reason = "pkce_required must be true when token_endpoint_auth_method is none";
        return Err(ModelError::invalid("pkce_required", reason));
    }
    check_keys(settings)?;
    if let Some(odd) = settings.response_types.iter().find(|it| !it.goes_with(&settings.grant_types)) {
        let reason = format!("The response type {} needs a grant type that goes with it", odd.name());
        return Err(ModelError::invalid("response_types", reason));
    }
    if settings.groups_claim.as_ref().is_some_and(|claim| !is_claim_name(&claim.name)) {
        return Err(ModelError::invalid("groups_claim", "The name must be a claim's that is not taken"));
    }
    if settings.refresh_token.leeway > 60 {
        return Err(ModelError::invalid("leeway", "Must be 0 to 60 seconds"));
    }
    if settings.login_initiated_by == LoginInitiatedBy::EitherOktaOrApp
        && settings.initiate_login_uri.is_none()
    {
        let reason = "An initiate login URI is required when the login can be initiated by Okta";
        return Err(ModelError::invalid("initiate_login_uri", reason));
    }
    Ok(())
}

/// There are some where they are needed, and each can be told from the others.
fn check_keys(settings: &ClientSettings) -> Result<(), ModelError> {
    let keys = &settings.jwks;
    if keys.is_empty() && settings.token_endpoint_auth_method == TokenEndpointAuthMethod::PrivateKeyJwt {
        return Err(ModelError::invalid("jwks", "The field cannot be left blank"));
    }
    if keys.len() > 50 {
        return Err(ModelError::invalid("jwks", "At most 50 keys are allowed"));
    }
    let kids: HashSet<_> = keys.iter().filter_map(ClientKey::kid).collect();
    if keys.len() > 1 && kids.len() < keys.len() {
        return Err(ModelError::invalid("jwks", "Each of several keys must have a unique kid"));
    }
    Ok(())
}

/// Absolute, without a fragment (RFC 6749, 3.1.2), and nothing that a browser would run.
fn check_uris(field: &'static str, uris: &[String]) -> Result<(), ModelError> {
    if uris.len() > 100 {
        return Err(ModelError::invalid(field, "At most 100 URIs are allowed"));
    }
    for uri in uris {
        let acceptable = Url::parse(uri).is_ok_and(|parsed| {
            let runs = ["javascript", "data", "vbscript", "blob", "file"].contains(&parsed.scheme());
            !runs && parsed.fragment().is_none() && uri.len() <= 1024 && !uri.contains(char::is_whitespace)
        });
        if !acceptable {
            let reason = format!("'{uri}' is not a valid URI: it must be absolute and have no fragment");
            return Err(ModelError::invalid(field, reason));
        }
    }
    Ok(())
}

/// The secret that fits the settings: none for clients that are public or have a key, 64 characters made up where none was given.
fn client_secret(given: Option<Secret>, settings: &ClientSettings) -> Result<Option<Secret>, ModelError> {
    if !settings.token_endpoint_auth_method.needs_secret() {
        return Ok(None);
    }
    let secret = given.unwrap_or_else(|| Secret::new("client secret", random::alphanumeric(64)));
    match secret.expose().len() {
        14..=100 => Ok(Some(secret)),
        _ => Err(ModelError::invalid("client_secret", "Must be 14 to 100 characters long")),
    }
}
