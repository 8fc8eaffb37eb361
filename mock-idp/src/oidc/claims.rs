//! What tokens and userinfo say about a person.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ground::random;
use serde_json::{Map, Value, json};

use super::error::{self, OAuthError};
use super::grants::Grant;
use super::scope::Scopes;
use super::server::AuthServer;
use crate::model::{App, AppId, Model, OrgId, TokenClaim, User, UserId};

/// How long ID tokens are good, in stage time.
const ID_TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// The claims of an access token about a person. The org server's audience is the org itself, and `sub` the login: what
/// it puts there is not settled without a real org.
pub(super) fn access_token(
    server: &AuthServer,
    grant: &Grant,
    user: &User,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Map<String, Value> {
    let mut claims = any_access_token(server, &user.profile.login, lifetime, now);
    claims.extend(members(json!({
        "cid": grant.app,
        "uid": user.id,
        "scp": grant.scopes.names(),
        "auth_time": grant.authenticated.timestamp(),
    })));
    claims
}

/// The claims of an access token that a client gets for itself.
pub(super) fn client_token(
    server: &AuthServer,
    client: &AppId,
    scopes: &Scopes,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Map<String, Value> {
    let mut claims = any_access_token(server, client.as_str(), lifetime, now);
    claims.extend(members(json!({ "cid": client, "scp": scopes.names() })));
    claims
}

fn any_access_token(
    server: &AuthServer,
    subject: &str,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Map<String, Value> {
    members(json!({
        "ver": 1,
        "jti": format!("AT.{}", random::token()),
        "iss": server.issuer(),
        "aud": server.audience(),
        "sub": subject,
        "iat": now.timestamp(),
        "exp": (now + lifetime).timestamp(),
    }))
}

/// What comes with an ID token.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    pub(super) access_token: Option<&'a str>,
    /// A code, in the same answer.
    pub(super) code: Option<&'a str>,
}

impl Beside<'_> {
    /// Whether the ID token comes alone.
    pub(super) fn is_nothing(self) -> bool {
        self.access_token.or(self.code).is_none()
    }
}

/// The claims of an ID token. One that is issued beside an access token or a code is thin: of the profile it has name,
/// e-mail and username alone, the rest is in userinfo. (That the code flow's is thin is inferred from Okta's description.)
pub(super) fn id_token(
    server: &AuthServer,
    grant: &Grant,
    user: &User,
    org: &OrgId,
    beside: Beside<'_>,
    now: DateTime<Utc>,
) -> Map<String, Value> {
    let mut claims = members(json!({ "sub": user.id }));
    if grant.scopes.has("profile") {
        claims.insert("name".into(), user.profile.display_name().into());
    }
    if grant.scopes.has("email") {
        claims.insert("email".into(), user.profile.email.clone().into());
    }
    claims.extend(members(json!({
        "ver": 1,
        "iss": server.issuer(),
        "aud": grant.app,
        "iat": now.timestamp(),
        "exp": (now + ID_TOKEN_LIFETIME).timestamp(),
        "jti": format!("ID.{}", random::token()),
        "amr": grant.amr,
        "idp": org,
    })));
    if let Some(nonce) = &grant.nonce {
        claims.insert("nonce".into(), nonce.clone().into());
    }
    if grant.scopes.has("profile") {
        claims.insert("preferred_username".into(), user.profile.login.clone().into());
    }
    claims.insert("auth_time".into(), grant.authenticated.timestamp().into());
    if let Some(acr) = grant.acr {
        claims.insert("acr".into(), acr.name().into());
    }
    claims.extend(beside.access_token.map(|token| ("at_hash".to_owned(), half_hash(token).into())));
    claims.extend(beside.code.map(|code| ("c_hash".to_owned(), half_hash(code).into())));
    if beside.is_nothing() {
        claims.extend(userinfo(&grant.scopes, user));
    }
    claims
}

/// The claim that names the person's groups, if the application has one and the scope was granted.
///
/// # Errors
/// When the application's filter picks more than a hundred.
pub(super) fn groups(
    model: &Model,
    app: &App,
    scopes: &Scopes,
    user: &UserId,
) -> Result<Option<(String, Value)>, OAuthError> {
    let Some(claim) = app.settings.groups_claim.as_ref().filter(|_| scopes.has("groups")) else {
        return Ok(None);
    };
    let groups = claim.filter.groups_of(model, user).map_err(|_| error::too_many_groups())?;
    Ok(groups.map(|groups| (claim.name.clone(), groups)))
}

/// Those of a server's own claims for a kind of token that `chosen` picks.
///
/// # Errors
/// When one would name more than a hundred groups.
pub(super) fn own(
    model: &Model,
    server: &AuthServer,
    scopes: &Scopes,
    user: Option<&User>,
    chosen: impl Fn(&TokenClaim) -> bool,
) -> Result<Map<String, Value>, OAuthError> {
    let mut own = Map::new();
    for claim in server.record.claims.iter().filter(|claim| chosen(claim)) {
        let value =
            claim.say(model, |scope| scopes.has(scope), user).map_err(|_| error::too_many_groups())?;
        own.extend(value.map(|value| (claim.name.clone(), value)));
    }
    Ok(own)
}

/// The claims of a userinfo answer (OpenID Connect Core, 5.4), as far as the profile has them.
pub(super) fn userinfo(scopes: &Scopes, user: &User) -> Map<String, Value> {
    let profile = &user.profile;
    let mut claims = members(json!({ "sub": user.id }));
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            claims.insert(name.to_owned(), value.into());
        }
    };
    if scopes.has("profile") {
        put("name", Some(&profile.display_name()));
        put("profile", profile.other("profileUrl"));
        put("nickname", profile.other("nickName"));
        put("locale", Some(profile.other("locale").unwrap_or("en_US")));
        put("preferred_username", Some(&profile.login));
        put("given_name", Some(&profile.first_name));
        put("middle_name", profile.other("middleName"));
        put("family_name", Some(&profile.last_name));
        put("zoneinfo", Some(profile.other("timezone").unwrap_or("America/Los_Angeles")));
    }
    if scopes.has("email") {
        put("email", Some(&profile.email));
    }
    if scopes.has("phone") {
        put("phone_number", profile.other("primaryPhone").or(profile.other("mobilePhone")));
    }
    if scopes.has("profile") {
        claims.insert("updated_at".into(), user.last_updated.timestamp().into());
    }
    if scopes.has("email") {
        claims.insert("email_verified".into(), true.into());
    }
    if let Some(address) = address(user).filter(|_| scopes.has("address")) {
        claims.insert("address".into(), address);
    }
    claims
}

fn address(user: &User) -> Option<Value> {
    let names = [
        ("street_address", "streetAddress"),
        ("locality", "city"),
        ("region", "state"),
        ("postal_code", "zipCode"),
        ("country", "countryCode"),
    ];
    let known = names.iter().filter_map(|(claim, attribute)| {
        user.profile.other(attribute).map(|value| ((*claim).to_owned(), Value::from(value)))
    });
    let address: Map<String, Value> = known.collect();
    (!address.is_empty()).then_some(Value::Object(address))
}

/// `at_hash` and `c_hash`: the left half of the token's SHA-256 (OpenID Connect Core, 3.1.3.6).
fn half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, token.as_bytes()).as_ref()[..16])
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
