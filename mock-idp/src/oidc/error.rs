//! OAuth errors in Okta's exact words, from its published catalogue (`oauth2-error-codes.json`).

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OAuthError {
    pub(crate) status: StatusCode,
    /// The OAuth error code.
    pub(crate) error: &'static str,
    /// Okta's internal code, which the System Log gives as the outcome's reason.
    pub(crate) reason: &'static str,
    pub(crate) description: String,
}

macro_rules! catalogue {
    ($($name:ident = $status:literal $error:literal $reason:literal $description:literal;)*) => {
        $(pub(crate) fn $name() -> OAuthError {
            OAuthError {
                status: status($status),
                error: $error,
                reason: $reason,
                description: $description.to_owned(),
            }
        })*
    };
}

catalogue! {
    user_not_assigned = 400 "access_denied" "user_not_assigned"
        "User is not assigned to the client application.";
    invalid_client = 401 "invalid_client" "invalid_client"
        "Client authentication failed. Either the client or the client credentials are invalid.";
    missing_client_credentials = 401 "invalid_client" "missing_client_credentials" "No client credentials found.";
    invalid_basic_credentials = 401 "invalid_client" "invalid_basic_auth_creds"
        "Found Authentication header but was not valid client credentials.";
    invalid_client_id = 401 "invalid_client" "invalid_client_id" "Invalid value for 'client_id' parameter.";
    invalid_client_secret = 401 "invalid_client" "invalid_client_secret"
        "The client secret supplied for a confidential client is invalid.";
    invalid_token_endpoint_auth_method = 401 "invalid_client" "invalid_token_endpoint_auth_method"
        "Client authentication failed. Either the client or the client credentials are invalid.";
    client_assertion_type_invalid = 400 "invalid_request" "client_assertion_type_invalid"
        "The client_assertion_type is invalid.";
    client_assertion_invalid_jwt = 401 "invalid_client" "client_assertion_invalid_jwt"
        "The parsing of the client_assertion failed.";
    client_assertion_invalid_issuer = 401 "invalid_client" "client_assertion_invalid_issuer"
        "The issuer claim for client_assertion is not a valid client_id.";
    client_assertion_invalid_subject = 401 "invalid_client" "client_assertion_invalid_subject"
        "The subject claim for client_assertion is not a valid client_id.";
    client_assertion_invalid_no_secret = 401 "invalid_client" "client_assertion_invalid_no_secret"
        "The issuer and subject claim for client_assertion is invalid because the client does not have a client secret.";
    client_assertion_invalid_audience = 401 "invalid_client" "client_assertion_invalid_audience"
        "The audience claim for client_assertion must be the endpoint invoked for the request.";
    client_assertion_expiration_required = 401 "invalid_client" "client_assertion_expiration_required"
        "The client_assertion must contain the 'exp' claim as seconds since epoch.";
    client_assertion_expired_token = 401 "invalid_client" "client_assertion_expired_token"
        "The client_assertion token is expired.";
    client_assertion_expires_too_far_in_future = 401 "invalid_client" "client_assertion_expires_too_far_in_future"
        "The client_assertion token has an expiration too far into the future.";
    client_assertion_issued_at_in_future = 401 "invalid_client" "client_assertion_issued_at_in_future"
        "The client_assertion token must be issued before the current time.";
    client_assertion_already_used = 401 "invalid_client" "client_assertion_already_used"
        "The client_assertion token has already been used.";
    client_assertion_invalid_signature = 401 "invalid_client" "client_assertion_invalid_signature"
        "The client_assertion signature is invalid.";
    client_assertion_invalid_kid = 401 "invalid_client" "client_assertion_invalid_kid"
        "The client_assertion JWT kid is invalid.";
    client_assertion_invalid_signature_algorithm = 401 "invalid_client" "client_assertion_invalid_signature_algorithm"
        "The client_assertion JWT signature algorithm is invalid.";
    client_assertion_invalid_secret_length = 401 "invalid_client" "client_assertion_invalid_secret_length"
        "The client secret is too short to verify a JWT HMAC.";
    client_assertion_jwks_not_configured = 401 "invalid_client" "client_assertion_jwks_not_configured"
        "The client does not have a JWKSet configured, but the client_assertion requires one.";
    access_denied = 403 "access_denied" "access_denied"
        "The resource owner or authorization server denied the request.";
    authorization_pending = 400 "authorization_pending" "authorization_pending"
        "The device authorization is pending. Please try again later.";
    slow_down = 400 "slow_down" "slow_down" "Slow down the polling frequency. Please try again later.";
    expired_token = 400 "expired_token" "expired_token" "The device code has expired.";
    invalid_device_code = 400 "invalid_grant" "invalid_device_code" "The device code is invalid or has expired.";
    invalid_authorization_code = 400 "invalid_grant" "invalid_authorization_code"
        "The authorization code is invalid or has expired.";
    invalid_refresh_token = 400 "invalid_grant" "invalid_refresh_token" "The refresh token is invalid or expired.";
    mismatched_client = 400 "invalid_grant" "mismatched_client"
        "The grant was issued to another client. Please make sure the 'client_id' matches the one used at the authorize request.";
    mismatched_redirect_uri = 400 "invalid_grant" "mismatched_redirect_uri"
        "The 'redirect_uri' does not match the redirection URI used in the authorization request.";
    pkce_verification_failed = 400 "invalid_grant" "pkce_verification_failed" "PKCE verification failed.";
    invalid_request = 400 "invalid_request" "invalid_request" "Invalid request";
    multiple_client_credentials = 401 "invalid_request" "multiple_client_credentials"
        "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, credentials in the post body, or a client_assertion in the post body.";
    client_credentials_in_query = 400 "invalid_request" "client_credentials_in_query"
        "Client credentials cannot be supplied via query parameters.";
    duplicate_parameters = 400 "invalid_request" "duplicate_oauth_params"
        "The request contained multiple parameters with the same name.";
    invalid_max_age = 400 "invalid_request" "invalid_max_age"
        "Invalid value for 'max_age' parameter. It should be within range 0 - 2^31-1.";
    illegal_redirect_uri = 400 "invalid_request" "illegal_redirect_uri"
        "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.";
    illegal_post_logout_redirect_uri = 400 "invalid_request" "illegal_post_logout_redirect_uri"
        "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings.";
    invalid_state = 400 "invalid_request" "invalid_state"
        "The authentication request has an invalid 'state' parameter.";
    invalid_prompt_for_zero_max_age = 400 "invalid_request" "invalid_prompt_for_zero_max_age"
        "'prompt' parameter must not have the value 'none' for request with 'zero' as max_age.";
    pkce_invalid_challenge = 400 "invalid_request" "pkce_invalid_challenge"
        "PKCE code challenge contains illegal characters.";
    pkce_missing_challenge = 400 "invalid_request" "pkce_missing_challenge"
        "PKCE code challenge is required by the application.";
    pkce_verifier_without_challenge = 400 "invalid_request" "pkce_missing_challenge_verifier_present"
        "PKCE code challenge should be specified in the authorize request for code verification.";
    pkce_missing_verifier = 400 "invalid_request" "pkce_missing_verifier"
        "PKCE code verifier is required by the application.";
    missing_token = 400 "invalid_request" "request_missing_token" "The 'token' parameter is required.";
    openid_scope_required = 400 "invalid_scope" "openid_scope_required"
        "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.";
    missing_scopes = 400 "invalid_scope" "missing_scopes" "No scopes were requested.";
    no_default_scopes = 400 "invalid_scope" "no_default_scopes"
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided.";
    openid_not_allowed_client_creds = 400 "invalid_scope" "openid_not_allowed_client_creds"
        "Cannot request 'openid' scopes using client credentials.";
    no_org_scopes_granted = 400 "consent_required" "no_org_scopes_granted"
        "You are not allowed any of the requested scopes.";
    unsupported_auth_method_client_creds = 401 "invalid_client" "unsupported_auth_method_client_creds"
        "Client Credentials requests to the Org Authorization Server must use the private_key_jwt token_endpoint_auth_method.";
    invalid_application_type_client_credentials = 401 "invalid_client" "invalid_application_type_client_credentials"
        "Only clients with 'application_type' of 'service' may use the client_credentials 'grant_type' with the Org Authorization Server.";
    invalid_authorization_server = 400 "invalid_request" "invalid_authorization_server"
        "The authorization server id is invalid.";
    mismatched_authorization_server = 400 "invalid_request" "mismatched_authorization_server"
        "The grant was issued for another authorization server.";
    no_matching_scope = 400 "invalid_scope" "no_matching_scope"
        "One or more scopes are not configured for the authorization server resource.";
    access_token_missing = 401 "invalid_request" "access_token_missing" "The access token is missing.";
    access_token_in_query = 400 "invalid_request" "access_token_in_query"
        "The access token cannot be presented in a query string.";
    access_token_invalid = 401 "invalid_token" "access_token_invalid" "The access token is invalid.";
    insufficient_scope = 403 "insufficient_scope" "access_token_insufficient_scopes"
        "The access token provided does not contain the required scopes.";
    id_token_invalid = 401 "invalid_token" "id_token_invalid" "The id token is invalid.";
    id_token_of_another = 400 "id_token_does_not_match_session" "id_token_does_not_match_session"
        "The ID token subject does not match the current session's user.";
    login_required = 400 "login_required" "login_required"
        "The client specified not to prompt, but the user is not logged in.";
    reauthentication_required = 400 "login_required" "app_sign_on_required"
        "The client specified not to prompt, but the client app requires re-authentication or MFA.";
    policy_denied = 401 "access_denied" "no_matching_policy"
        "Policy evaluation failed for this request, please check the policy configurations.";
    unmet_authentication_requirements = 400 "unmet_authentication_requirements" "unmet_authentication_requirements"
        "Unable to meet the authentication requirements imposed by 'acr_values' parameter.";
    idp_initiated_disabled = 400 "idp_initated_flow_disabled" "idp_initated_flow_disabled"
        "IdP-initiated login is disabled for this client.";
    request_object_no_client_secret = 400 "request_not_supported" "request_object_no_client_secret"
        "The issuer of the request object does not have a client secret.";
    request_object_invalid_issuer = 401 "invalid_client" "request_object_invalid_issuer"
        "The issuer of the request object is invalid.";
    request_object_jwks_not_configured = 401 "invalid_client" "request_object_jwks_not_configured"
        "The client does not have a JWKSet configured, but the request object requires one.";
    invalid_request_object = 400 "invalid_request_object" "invalid_request_object"
        "The authorize request object is invalid.";
    request_object_invalid = 400 "invalid_request_object" "request_object_invalid"
        "The request object cannot be parsed.";
    request_object_bad_signature = 400 "invalid_request_object" "request_object_bad_signature"
        "The signature of the request object is invalid.";
    request_object_audience_mismatch = 400 "invalid_request_object" "request_object_audience_mismatch"
        "The audience of the request object is invalid.";
    request_object_already_used = 400 "invalid_request_object" "request_object_already_used"
        "The request object has already been used.";
    request_object_jwt_expired = 400 "invalid_request_object" "request_object_jwt_expired"
        "The request object is expired.";
    request_object_jwt_expiration_too_long = 400 "invalid_request_object" "request_object_jwt_expiration_too_long"
        "The request object expires too far in the future.";
    request_object_issued_in_future = 400 "invalid_request_object" "request_object_issued_in_future"
        "The request object is issued in the future.";
    request_object_before_nbf = 400 "invalid_request_object" "request_object_before_nbf"
        "The request object is issued too early.";
    request_object_invalid_kid = 400 "invalid_request_object" "request_object_invalid_kid"
        "The JWT kid of the request object is invalid.";
    request_object_invalid_signature_algorithm = 400 "invalid_request_object" "request_object_invalid_signature_algorithm"
        "The JWT signature algorithm of the request object is invalid.";
    request_object_invalid_secret_length = 400 "invalid_request_object" "request_object_invalid_secret_length"
        "The JWT signature secret length is too short.";
    request_uri_not_supported = 400 "request_uri_not_supported" "request_uri_not_supported"
        "The authorize request uri is not supported by this client.";
    unsupported_response_mode = 400 "unsupported_response_mode" "unsupported_response_mode"
        "The response mode is not supported by the authorization server. Valid response modes: [query, fragment, form_post, okta_post_message].";
    post_message_with_code = 400 "unsupported_response_mode" "unsupported_response_mode_okta_post_message_with_code"
        "'okta_post_message' response mode cannot be used with the 'code' response type.";
    query_with_tokens = 400 "unsupported_response_mode" "unsupported_response_mode_query_with_tokens"
        "'query' response mode cannot be used with either the 'id_token' or 'token' response types.";
    invalid_nonce = 400 "invalid_request" "invalid_nonce"
        "The 'nonce' parameter is required for authorize requests with either the 'id_token' or 'token' response types..";
    too_many_groups = 400 "server_error" "too_many_groups_in_groups_claim"
        "The groups claim matched too many groups and must be configured to match fewer groups.";
    invalid_request_uri = 400 "invalid_request_uri" "invalid_request_uri" "The authorize request_uri is invalid.";
    request_uri_of_another_server = 400 "invalid_request_uri" "authorize_request_uri_mismatched_authorization_server"
        "The request_uri was issued for another authorization server.";
    request_uri_of_another_client = 401 "invalid_client" "authorize_request_uri_mismatched_client"
        "The 'client_id' parameter does not match the expected value for the provided request_uri.";
    request_object_and_uri = 400 "invalid_request" "authorize_request_object_and_request_uri_provided"
        "The authorize request must not contain both a request object and a request uri.";
    pushed_request_uri_present = 400 "invalid_request" "pushed_authorization_request_uri_present"
        "The 'request_uri' parameter must not be present in the request.";
    token_not_generated = 500 "server_error" "id_token_not_generated" "Failed to create the id_token.";
    access_token_not_generated = 500 "server_error" "access_token_not_generated" "Failed to create the access_token.";
    pkce_unsupported_method = 400 "invalid_request" "pkce_unsupported_code_challenge_method"
        "PKCE code challenge method is not supported. Valid values: [S256]";
    invalid_prompt = 400 "invalid_request" "invalid_prompt"
        "Invalid value for 'prompt' parameter. Supported values: [none, login, consent, login consent]";
}

macro_rules! catalogue_with {
    ($($name:ident = $status:literal $error:literal $reason:literal $before:literal $after:literal;)*) => {
        $(pub(crate) fn $name(what: &str) -> OAuthError {
            OAuthError {
                status: status($status),
                error: $error,
                reason: $reason,
                description: format!(concat!($before, "{}", $after), what),
            }
        })*
    };
}

catalogue_with! {
    unsupported_response_type = 400 "unsupported_response_type" "unsupported_response_type"
        "The response type is not supported by the authorization server. Configured response types: [" "].";
    missing_grant_type = 400 "invalid_request" "token_request_missing_grant_type"
        "The token request must specify a 'grant_type'. Valid values: [" "]";
    unsupported_grant_type = 400 "unsupported_grant_type" "unsupported_grant_type"
        "The authorization grant type is not supported by the authorization server. Configured grant types: [" "].";
    unauthorized_client = 400 "unauthorized_client" "unauthorized_client"
        "The client is not authorized to use the provided grant type. Configured grant types: [" "].";
    refresh_scopes_denied = 400 "access_denied" "refresh_scopes_denied"
        "Some of the scopes requested for the refresh request were not granted in the original authorize request. Denied scopes: " ".";
    consent_required = 400 "consent_required" "consent_required"
        "The following scopes require user consent: [" "].";
    consent_required_of_client = 400 "consent_required" "consent_required_client_credentials"
        "The following scopes require user consent and cannot be granted for the client credentials grant type: [" "].";
    missing_parameter = 400 "invalid_request" "missing_token_request_parameter"
        "The required parameter '" "' is missing.";
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("the catalogue's statuses are statuses")
}

impl IntoResponse for OAuthError {
    /// As a JSON answer (RFC 6749, 5.2).
    fn into_response(self) -> Response {
        json_error(self.status, self.error, &self.description)
    }
}

/// An OAuth error as a JSON answer.
pub(crate) fn json_error(status: StatusCode, error: &str, description: &str) -> Response {
    let body = axum::Json(json!({ "error": error, "error_description": description }));
    (status, [(header::CACHE_CONTROL, "no-cache, no-store")], body).into_response()
}
