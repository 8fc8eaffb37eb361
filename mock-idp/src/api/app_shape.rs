//! How an application looks in JSON, going in and coming out.

use ground::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ApiError;
use super::json::timestamp;
use crate::model::{
    App, ApplicationType, ClientKey, ClientSettings, ConsentMethod, GrantType, GroupFilter, GroupFilterKind,
    GroupsClaim, LoginInitiatedBy, NewApp, RefreshTokenSettings, ResponseType, TokenEndpointAuthMethod,
};
use crate::site::Site;

/// What a caller may set of an application. Members that this org has no use for are left aside.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppBody {
    name: Option<String>,
    label: String,
    sign_on_mode: String,
    #[serde(default)]
    credentials: Credentials,
    #[serde(default)]
    settings: Settings,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    #[serde(default)]
    oauth_client: ClientCredentials,
}

#[derive(Default, Deserialize)]
struct ClientCredentials {
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
    pkce_required: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(default)]
    oauth_client: Client,
}

#[derive(Default, Deserialize)]
struct Client {
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<String>,
    response_types: Option<Vec<String>>,
    groups_claim: Option<GroupsClaimBody>,
    grant_types: Option<Vec<String>>,
    application_type: Option<String>,
    initiate_login_uri: Option<String>,
    consent_method: Option<String>,
    idp_initiated_login: Option<IdpInitiatedLogin>,
    refresh_token: Option<RefreshTokenSettings>,
    jwks: Option<KeySet>,
    jwks_uri: Option<String>,
}

/// A groups claim: Okta keeps it out of its public API; this is the shape in which its Terraform provider has it.
#[derive(Deserialize)]
struct GroupsClaimBody {
    #[serde(rename = "type")]
    kind: String,
    filter_type: GroupFilterKind,
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct IdpInitiatedLogin {
    mode: String,
}

impl AppBody {
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn into_new(self, activate: bool) -> Result<NewApp, ApiError> {
        let settings = self.settings(None)?;
        let name = self.name.unwrap_or_else(|| "oidc_client".to_owned());
        let plausible = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 100 || !name.chars().all(plausible) {
            return Err(ApiError::invalid("name", "There is no such integration in the catalog"));
        }
        let secret = self.credentials.oauth_client.client_secret;
        let secret = secret.map(|secret| Secret::new("client secret", secret));
        Ok(NewApp { name, label: self.label, settings, secret, activate })
    }

    /// The settings that the body asks for. How refresh tokens rotate stays as in `before` where it says nothing of it, as
    /// at Okta.
    pub(super) fn settings(&self, before: Option<&ClientSettings>) -> Result<ClientSettings, ApiError> {
        if self.sign_on_mode != "OPENID_CONNECT" {
            return Err(ApiError::invalid("signOnMode", "Only OPENID_CONNECT is supported by this org"));
        }
        let (client, credentials) = (&self.settings.oauth_client, &self.credentials.oauth_client);
        let grant_types = client.grant_types.iter().flatten();
        let grant_types: Vec<GrantType> =
            grant_types.map(|name| known("grant_types", name)).collect::<Result<_, _>>()?;
        let method = credentials.token_endpoint_auth_method.as_deref().unwrap_or("client_secret_basic");
        let method: TokenEndpointAuthMethod = known("token_endpoint_auth_method", method)?;
        let application_type: ApplicationType =
            known("application_type", client.application_type.as_deref().unwrap_or("web"))?;
        // Okta demands a code challenge of public clients unless told otherwise.
        let public = method == TokenEndpointAuthMethod::None;
        let grant_types =
            if grant_types.is_empty() { vec![GrantType::AuthorizationCode] } else { grant_types };
        let response_types: Vec<ResponseType> = match &client.response_types {
            None => ResponseType::usual(&grant_types),
            Some(names) => {
                names.iter().map(|name| known("response_types", name)).collect::<Result<_, _>>()?
            }
        };
        Ok(ClientSettings {
            application_type,
            token_endpoint_auth_method: method,
            jwks: client.keys()?,
            response_types,
            groups_claim: client.groups_claim()?,
            grant_types,
            refresh_token: client
                .refresh_token
                .or(before.map(|before| before.refresh_token))
                .unwrap_or_else(|| RefreshTokenSettings::usual(application_type)),
            redirect_uris: client.redirect_uris.clone(),
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
            consent: match &client.consent_method {
                Some(method) => known("consent_method", method)?,
                None => ConsentMethod::Trusted,
            },
            pkce_required: credentials.pkce_required.unwrap_or(public),
            initiate_login_uri: client.initiate_login_uri.clone(),
            login_initiated_by: client.initiated_by()?,
        })
    }
}

impl Client {
    fn groups_claim(&self) -> Result<Option<GroupsClaim>, ApiError> {
        let Some(claim) = &self.groups_claim else { return Ok(None) };
        if claim.kind != "FILTER" {
            return Err(ApiError::invalid("groups_claim.type", "Only FILTER is supported by this org"));
        }
        let filter = GroupFilter::new(claim.filter_type, &claim.value)?;
        Ok(Some(GroupsClaim { name: claim.name.clone(), filter }))
    }

    fn keys(&self) -> Result<Vec<ClientKey>, ApiError> {
        if self.jwks_uri.is_some() {
            let reason = "This org fetches nothing from elsewhere: give the keys as jwks";
            return Err(ApiError::invalid("jwks_uri", reason));
        }
        let keys = self.jwks.iter().flat_map(|set| &set.keys);
        Ok(keys.map(ClientKey::from_jwk).collect::<Result<_, _>>()?)
    }

    fn initiated_by(&self) -> Result<LoginInitiatedBy, ApiError> {
        match self.idp_initiated_login.as_ref().map(|login| login.mode.as_str()) {
            None | Some("DISABLED") => Ok(LoginInitiatedBy::AppOnly),
            Some("SPEC") => Ok(LoginInitiatedBy::EitherOktaOrApp),
            Some(_) => Err(ApiError::invalid("idp_initiated_login.mode", "Must be DISABLED or SPEC")),
        }
    }
}

/// One of an enumeration's names.
fn known<T: for<'de> Deserialize<'de>>(field: &str, name: &str) -> Result<T, ApiError> {
    serde_json::from_value(name.into())
        .map_err(|_| ApiError::invalid(field, &format!("'{name}' is not supported by this org")))
}

pub(super) fn shape(site: &Site, app: &App) -> Value {
    let settings = &app.settings;
    let mut client = json!({ "autoKeyRotation": true, "client_id": app.client_id() });
    if let Some(secret) = &app.secret {
        client["client_secret"] = secret.expose().into();
    }
    client["token_endpoint_auth_method"] = json!(settings.token_endpoint_auth_method);
    client["pkce_required"] = settings.pkce_required.into();
    let (mode, hidden) = match settings.login_initiated_by {
        LoginInitiatedBy::AppOnly => ("DISABLED", true),
        LoginInitiatedBy::EitherOktaOrApp => ("SPEC", false),
    };
    let url = format!("{}/api/v1/apps/{}", site.names.org_url(), app.id);
    let mut shape = json!({
        "id": app.id,
        "name": app.name,
        "label": app.label,
        "status": app.status,
        "lastUpdated": timestamp(app.last_updated),
        "created": timestamp(app.created),
        "accessibility": { "selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null },
        "visibility": {
            "autoLaunch": false, "autoSubmitToolbar": false, "hide": { "iOS": hidden, "web": hidden },
        },
        "features": [],
        "signOnMode": "OPENID_CONNECT",
        "credentials": {
            "userNameTemplate": { "template": "${source.login}", "type": "BUILT_IN" },
            "signing": { "kid": site.keys.org().active().kid() },
            "oauthClient": client,
        },
        "settings": {
            "app": {},
            "oauthClient": {
                "client_uri": null,
                "logo_uri": null,
                "redirect_uris": settings.redirect_uris,
                "post_logout_redirect_uris": settings.post_logout_redirect_uris,
                "response_types": settings.response_types,
                "grant_types": settings.grant_types,
                "initiate_login_uri": settings.initiate_login_uri,
                "application_type": settings.application_type,
                "consent_method": settings.consent,
                "issuer_mode": "ORG_URL",
                "idp_initiated_login": { "mode": mode, "default_scope": [] },
            },
        },
        "_links": {
            "self": { "href": url },
            "users": { "href": format!("{url}/users") },
            "groups": { "href": format!("{url}/groups") },
            "accessPolicy": { "href": format!("{}/api/v1/policies/{}", site.names.org_url(), app.access_policy) },
        },
    });
    if settings.grant_types.contains(&GrantType::RefreshToken) {
        shape["settings"]["oauthClient"]["refresh_token"] = json!(settings.refresh_token);
    }
    if let Some(claim) = &settings.groups_claim {
        shape["settings"]["oauthClient"]["groups_claim"] = json!({
            "type": "FILTER",
            "filter_type": claim.filter.kind(),
            "name": claim.name,
            "value": claim.filter.value(),
        });
    }
    if !settings.jwks.is_empty() {
        let keys: Vec<Value> = settings.jwks.iter().map(key_shape).collect();
        shape["settings"]["oauthClient"]["jwks"] = json!({ "keys": keys });
    }
    shape
}

fn key_shape(key: &ClientKey) -> Value {
    let mut shape = key.jwk();
    shape["status"] = "ACTIVE".into();
    shape
}
