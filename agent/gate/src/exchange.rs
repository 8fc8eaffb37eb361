//! What is said to an issuer in a login: the authorization request, the code's exchange, userinfo.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::{Secret, random};
use http::StatusCode;
use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreIdToken, CoreTokenResponse, CoreTokenType, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyAdditionalClaims, EndUserName, EndpointMaybeSet, EndpointNotSet, EndpointSet, LocalizedClaim,
    LoginHint, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, SubjectIdentifier, TokenResponse, UserInfoError,
};
use serde_json::Value;

use crate::callback::{MAX_DESCRIPTION_CHARS, MAX_ERROR_CHARS, printable};
use crate::decision::LoginRequest;
use crate::http_client::HttpError;
use crate::id_token::{Expected, verify};
use crate::identity::EmailStanding;
use crate::pending::Login;
use crate::provider::{Metadata, Providers};
use crate::{Identity, Refusal, Settings, TokenFault, Tokens};

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The client that `settings` describe, at the issuer that `metadata` describe.
fn client(settings: &Settings, metadata: &Metadata, redirect_uri: &RedirectUrl) -> Result<Client, Refusal> {
    let secret = ClientSecret::new(settings.client_secret().expose().to_owned());
    let id = ClientId::new(settings.client_id().to_owned());
    let client = CoreClient::from_provider_metadata(metadata.clone(), id, Some(secret))
        .set_redirect_uri(redirect_uri.clone())
        .set_auth_type(authentication(metadata)?);
    Ok(client)
}

/// How the client authenticates: `client_secret_basic` unless only `client_secret_post` is offered.
fn authentication(metadata: &Metadata) -> Result<AuthType, Refusal> {
    let Some(offered) = metadata.token_endpoint_auth_methods_supported() else {
        return Ok(AuthType::BasicAuth);
    };
    if offered.contains(&CoreClientAuthMethod::ClientSecretBasic) {
        Ok(AuthType::BasicAuth)
    } else if offered.contains(&CoreClientAuthMethod::ClientSecretPost) {
        Ok(AuthType::RequestBody)
    } else {
        Err(Refusal::Metadata("it takes neither client_secret_basic nor client_secret_post".to_owned()))
    }
}

/// An authorization request (OpenID Connect Core, 3.1.2.1): where to send the browser, and what to remember.
pub(crate) struct AuthorizationRequest {
    pub(crate) url: String,
    pub(crate) state: Secret,
    pub(crate) nonce: Secret,
    pub(crate) code_verifier: Secret,
}

/// A new authorization request, with a state, a nonce and a code verifier of its own.
pub(crate) fn authorization_request(
    settings: &Settings,
    metadata: &Metadata,
    redirect_uri: &RedirectUrl,
    request: &LoginRequest,
) -> Result<AuthorizationRequest, Refusal> {
    let (state, nonce) = (Secret::random("state"), Secret::random("nonce"));
    let code_verifier = Secret::new("code verifier", random::token());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&pkce(&code_verifier));
    let client = client(settings, metadata, redirect_uri)?;
    let scopes = settings.scopes().iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
    let sent = (CsrfToken::new(state.expose().to_owned()), Nonce::new(nonce.expose().to_owned()));
    let mut authorize = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || sent.0, || sent.1)
        .add_scopes(scopes)
        .set_pkce_challenge(challenge);
    if let Some(hint) = &request.login_hint {
        authorize = authorize.set_login_hint(LoginHint::new(hint.clone()));
    }
    if request.reauthenticate {
        authorize = authorize.add_prompt(CoreAuthPrompt::Login);
    }
    for (name, value) in settings.authz_url_params() {
        // What this very login asks for goes before what all of them do.
        let is_set = match name.as_str() {
            "prompt" => request.reauthenticate,
            "login_hint" => request.login_hint.is_some(),
            _ => false,
        };
        if !is_set {
            authorize = authorize.add_extra_param(name.clone(), value.clone());
        }
    }
    let (url, _, _) = authorize.url();
    Ok(AuthorizationRequest { url: url.to_string(), state, nonce, code_verifier })
}

fn pkce(verifier: &Secret) -> PkceCodeVerifier {
    PkceCodeVerifier::new(verifier.expose().to_owned())
}

/// Redeems a code: tokens, the ID token's verification, userinfo. Who it is, by all that the issuer says.
pub(crate) async fn redeem(
    providers: &Providers,
    settings: &Settings,
    redirect_uri: &RedirectUrl,
    login: &Login,
    code: &Secret,
    now: DateTime<Utc>,
) -> Result<(Identity, EmailStanding, Tokens), Refusal> {
    let metadata = providers.metadata(settings.issuer()).await?;
    let code = AuthorizationCode::new(code.expose().to_owned());
    let issuer = client(settings, &metadata, redirect_uri)?;
    let tokens = issuer
        .exchange_code(code.clone())
        .map_err(|error| Refusal::Metadata(error.to_string()))?
        .set_pkce_verifier(pkce(&login.code_verifier))
        .request_async(providers.http())
        .await
        .map_err(token_refusal)?;
    if *tokens.token_type() != CoreTokenType::Bearer {
        return Err(Refusal::Communication("the access token is no bearer token".to_owned()));
    }
    let id_token = tokens.id_token().ok_or(Refusal::IdTokenMissing)?;
    let attempt = Attempt { providers, settings, redirect_uri, login, code: &code, now };
    let verified = attempt.verify(id_token, &tokens, issuer, metadata).await?;
    let (identity, standing) = verified.identify(providers, tokens.access_token()).await?;
    Ok((identity, standing, kept(id_token, &tokens)))
}

fn kept(id_token: &CoreIdToken, tokens: &CoreTokenResponse) -> Tokens {
    let refresh_token = tokens.refresh_token().map(|token| Secret::new("refresh token", token.secret()));
    Tokens {
        id_token: Secret::new("ID token", id_token.to_string()),
        access_token: Secret::new("access token", tokens.access_token().secret()),
        refresh_token,
    }
}

/// Why someone with a session could not be confirmed.
pub(crate) enum Unconfirmed {
    /// The issuer does not take the access token any more: the person has to sign in again.
    TokenOver,
    /// It could not be asked, or what it said is not acceptable.
    Refused(Refusal),
}

/// Asks userinfo again about someone who signed in, by the access token of then.
pub(crate) async fn ask_again(
    providers: &Providers,
    settings: &Settings,
    redirect_uri: &RedirectUrl,
    known: &Identity,
    tokens: &Tokens,
) -> Result<(Identity, EmailStanding), Unconfirmed> {
    let metadata = providers.metadata(settings.issuer()).await.map_err(Unconfirmed::Refused)?;
    if metadata.userinfo_endpoint().is_none() {
        return Err(Unconfirmed::TokenOver);
    }
    let client = client(settings, &metadata, redirect_uri).map_err(Unconfirmed::Refused)?;
    let access_token = AccessToken::new(tokens.access_token.expose().to_owned());
    let subject = SubjectIdentifier::new(known.id.clone());
    let said = userinfo(providers, &client, &access_token, subject).await?;
    let standing = match said.email_verified {
        Some(false) => EmailStanding::Unverified,
        Some(true) | None => EmailStanding::Acceptable,
    };
    // What userinfo is silent about, the ID token said.
    let email = said.email.or_else(|| known.email.clone());
    let name = said.name.or_else(|| known.name.clone());
    Ok((Identity { email, name, ..known.clone() }, standing))
}

struct Attempt<'a> {
    providers: &'a Providers,
    settings: &'a Settings,
    redirect_uri: &'a RedirectUrl,
    login: &'a Login,
    code: &'a AuthorizationCode,
    now: DateTime<Utc>,
}

/// What a verified ID token says, and the client that verified it.
struct Verified {
    client: Client,
    metadata: Arc<Metadata>,
    subject: SubjectIdentifier,
    profile: Profile,
}

/// Claims about a person from one source.
#[derive(Default)]
struct Profile {
    email: Option<String>,
    email_verified: Option<bool>,
    name: Option<String>,
}

impl Attempt<'_> {
    /// Verifies the ID token, with the issuer's keys fetched anew if it may have changed them.
    async fn verify(
        &self,
        id_token: &CoreIdToken,
        tokens: &CoreTokenResponse,
        client: Client,
        metadata: Arc<Metadata>,
    ) -> Result<Verified, Refusal> {
        let fault = match self.verify_with(id_token, tokens, client, metadata.clone()) {
            Ok(verified) => return Ok(verified),
            Err(fault) => fault,
        };
        if !fault.may_be_key_rotation() {
            return Err(Refusal::IdToken(fault));
        }
        let fresh = self.providers.refetch_keys(self.settings.issuer(), &metadata).await?;
        let Some(metadata) = fresh else { return Err(Refusal::IdToken(fault)) };
        let client = self::client(self.settings, &metadata, self.redirect_uri)?;
        self.verify_with(id_token, tokens, client, metadata).map_err(Refusal::IdToken)
    }

    fn verify_with(
        &self,
        id_token: &CoreIdToken,
        tokens: &CoreTokenResponse,
        client: Client,
        metadata: Arc<Metadata>,
    ) -> Result<Verified, TokenFault> {
        let expected = Expected {
            client_id: client.client_id(),
            nonce: &Nonce::new(self.login.nonce.expose().to_owned()),
            access_token: tokens.access_token(),
            code: self.code,
            began: self.login.began,
            now: self.now,
        };
        let claims = verify(id_token, client.id_token_verifier(), &expected)?;
        let profile = Profile {
            email: claims.email().map(|email| email.as_str().to_owned()),
            email_verified: claims.email_verified(),
            name: claims.name().and_then(plain),
        };
        Ok(Verified { subject: claims.subject().clone(), profile, client, metadata })
    }
}

impl Verified {
    /// Adds what userinfo says, which must be about the same person (OpenID Connect Core, 5.3.2).
    async fn identify(
        self,
        providers: &Providers,
        access_token: &AccessToken,
    ) -> Result<(Identity, EmailStanding), Refusal> {
        let more = match self.metadata.userinfo_endpoint() {
            Some(_) => match userinfo(providers, &self.client, access_token, self.subject.clone()).await {
                Ok(more) => more,
                Err(Unconfirmed::Refused(refusal)) => return Err(refusal),
                Err(Unconfirmed::TokenOver) => {
                    let reason = "the userinfo endpoint does not take the access token";
                    return Err(Refusal::Communication(reason.to_owned()));
                }
            },
            None => Profile::default(),
        };
        let said = self.profile;
        if let (Some(one), Some(other)) = (&said.email, &more.email)
            && !one.eq_ignore_ascii_case(other)
        {
            return Err(Refusal::Claims("the ID token and userinfo name different e-mail addresses"));
        }
        let unverified = [said.email_verified, more.email_verified].contains(&Some(false));
        let identity = Identity {
            issuer: self.metadata.issuer().to_string(),
            id: self.subject.to_string(),
            email: said.email.or(more.email),
            name: said.name.or(more.name),
        };
        Ok((identity, if unverified { EmailStanding::Unverified } else { EmailStanding::Acceptable }))
    }
}

async fn userinfo(
    providers: &Providers,
    client: &Client,
    access_token: &AccessToken,
    subject: SubjectIdentifier,
) -> Result<Profile, Unconfirmed> {
    // The library would panic over a token that no header can carry.
    if !access_token.secret().bytes().all(|byte| matches!(byte, 0x21..=0x7e)) {
        let reason = "the access token has characters that none may have".to_owned();
        return Err(Unconfirmed::Refused(Refusal::Communication(reason)));
    }
    let claims: CoreUserInfoClaims = client
        .user_info(access_token.clone(), Some(subject))
        .map_err(|error| Unconfirmed::Refused(Refusal::Metadata(error.to_string())))?
        .request_async::<EmptyAdditionalClaims, _, CoreGenderClaim>(providers.http())
        .await
        .map_err(|error| match error {
            UserInfoError::Response(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, ..) => {
                Unconfirmed::TokenOver
            }
            other => Unconfirmed::Refused(userinfo_refusal(other)),
        })?;
    Ok(Profile {
        email: claims.email().map(|email| email.as_str().to_owned()),
        email_verified: claims.email_verified(),
        name: claims.name().and_then(plain),
    })
}

/// The name without a language tag.
fn plain(name: &LocalizedClaim<EndUserName>) -> Option<String> {
    name.get(None).map(|name| name.as_str().to_owned())
}

type TokenError = RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>;

fn token_refusal(error: TokenError) -> Refusal {
    match error {
        RequestTokenError::ServerResponse(response) => {
            let description = response.error_description().map(|text| printable(text, MAX_DESCRIPTION_CHARS));
            Refusal::CodeRefused { error: printable(response.error().as_ref(), MAX_ERROR_CHARS), description }
        }
        RequestTokenError::Request(error) => Refusal::Communication(error.to_string()),
        // An ID token that lacks a claim makes the whole answer unreadable; what is to blame must still be said.
        RequestTokenError::Parse(_, body) if has_id_token(&body) => Refusal::IdToken(TokenFault::Malformed),
        RequestTokenError::Parse(error, _) => {
            Refusal::Communication(format!("the token endpoint's answer is not readable: {error}"))
        }
        RequestTokenError::Other(reason) => Refusal::Communication(reason),
    }
}

fn has_id_token(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|answer| {
        let text = |name: &str| answer.get(name).is_some_and(Value::is_string);
        text("access_token")
            && text("token_type")
            && answer.get("expires_in").is_none_or(Value::is_u64)
            && answer.get("id_token").is_some_and(|token| !token.is_null())
    })
}

fn userinfo_refusal(error: UserInfoError<HttpError>) -> Refusal {
    match error {
        UserInfoError::ClaimsVerification(ClaimsVerificationError::InvalidSubject(_)) => {
            Refusal::Claims("userinfo is about someone else than the ID token")
        }
        UserInfoError::ClaimsVerification(_) => Refusal::Claims("userinfo is signed, but not acceptably"),
        UserInfoError::Parse(_) => Refusal::Claims("userinfo is not readable, or lacks sub"),
        UserInfoError::Request(error) => Refusal::Communication(error.to_string()),
        UserInfoError::Response(status, _, _) => {
            Refusal::Communication(format!("the userinfo endpoint answered {status}"))
        }
        other => Refusal::Communication(other.to_string()),
    }
}
