//! What every exercise finds: an org with a person who may use two applications.

use std::ffi::OsString;

use serde_json::{Value, json};

use super::org::Org;

/// Where the applications get their codes, unless they say otherwise themselves. Nobody listens there.
const CALLBACK: &str = "http://localhost/callback";

/// An org, and what exercises need to know of it.
pub(crate) struct Scene {
    pub(crate) org: Org,
    /// The issuer, an API token, a person, and the clients `web` (confidential) and `spa` (public).
    pub(crate) description: Value,
}

impl Scene {
    /// Sets it, with an org that is started with these arguments.
    pub(crate) async fn set(arguments: &[OsString]) -> Result<Self, String> {
        let org = Org::start(arguments).await?;
        let (login, password) = ("alice@acme.test", "Correct-horse-1");
        let user = json!({
            "profile": { "login": login, "email": login, "firstName": "Alice", "lastName": "Archer" },
            "credentials": { "password": { "value": password } },
        });
        let person = org.post("/api/v1/users", &user).await?;
        let code = "authorization_code";
        let web = app(&org, "web", "client_secret_basic", &[code], &person["id"]).await?;
        let spa = app(&org, "browser", "none", &[code, "refresh_token"], &person["id"]).await?;
        let description = json!({
            "issuer": org.issuer(),
            "api_token": org.api_token(),
            "person": { "id": person["id"], "login": login, "password": password },
            "web": web,
            "spa": spa,
        });
        Ok(Self { org, description })
    }
}

async fn app(
    org: &Org,
    kind: &str,
    authentication: &str,
    grants: &[&str],
    person: &Value,
) -> Result<Value, String> {
    let wanted = json!({
        "name": "oidc_client",
        "label": format!("A {kind} app"),
        "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": authentication } },
        "settings": { "oauthClient": {
            "application_type": kind,
            "redirect_uris": [CALLBACK],
            "response_types": ["code"],
            "grant_types": grants,
        } },
    });
    let app = org.post("/api/v1/apps", &wanted).await?;
    let id = app["id"].as_str().unwrap_or_default();
    org.post(&format!("/api/v1/apps/{id}/users"), &json!({ "id": person })).await?;
    let client = &app["credentials"]["oauthClient"];
    Ok(json!({ "id": client["client_id"], "secret": client["client_secret"], "redirect_uri": CALLBACK }))
}
