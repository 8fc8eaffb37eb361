//! The lists of what exists, for those who name something that doesn't.

use strsim::damerau_levenshtein;

/// Every claim that the org's ID tokens may have.
pub const ID_TOKEN_CLAIMS: &[&str] = &[
    "sub",
    "name",
    "email",
    "ver",
    "iss",
    "aud",
    "iat",
    "exp",
    "jti",
    "amr",
    "acr",
    "idp",
    "nonce",
    "preferred_username",
    "nickname",
    "given_name",
    "middle_name",
    "family_name",
    "email_verified",
    "profile",
    "zoneinfo",
    "locale",
    "address",
    "phone_number",
    "updated_at",
    "auth_time",
    "at_hash",
    "c_hash",
    "groups",
];

/// Every claim that the org's userinfo may have.
pub const USERINFO_CLAIMS: &[&str] = &[
    "sub",
    "name",
    "profile",
    "nickname",
    "locale",
    "preferred_username",
    "given_name",
    "middle_name",
    "family_name",
    "zoneinfo",
    "email",
    "phone_number",
    "updated_at",
    "email_verified",
    "address",
    "groups",
];

/// Every member of an ID token's header.
pub const ID_TOKEN_HEADERS: &[&str] = &["alg", "kid"];

/// Every member that a token answer may have.
pub const TOKEN_MEMBERS: &[&str] =
    &["token_type", "expires_in", "access_token", "scope", "id_token", "refresh_token", "device_secret"];

/// Every parameter that an authorization response may have.
pub const CALLBACK_PARAMETERS: &[&str] = &[
    "state",
    "code",
    "id_token",
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "iss",
    "error",
    "error_description",
];

/// Every registered member of a discovery document (OpenID Connect Discovery 1.0, section 3; RP-Initiated Logout 1.0;
/// RFC 8414, 8628, 9101, 9126, 9207, 9449), beside those that Okta adds.
pub const METADATA: &[&str] = &[
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "registration_endpoint",
    "jwks_uri",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "userinfo_signing_alg_values_supported",
    "userinfo_encryption_alg_values_supported",
    "userinfo_encryption_enc_values_supported",
    "request_object_signing_alg_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
    "scopes_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "display_values_supported",
    "claim_types_supported",
    "claims_supported",
    "service_documentation",
    "claims_locales_supported",
    "ui_locales_supported",
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "require_signed_request_object",
    "op_policy_uri",
    "op_tos_uri",
    "code_challenge_methods_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "end_session_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "dpop_signing_alg_values_supported",
    "backchannel_authentication_endpoint",
    "backchannel_token_delivery_modes_supported",
    "backchannel_authentication_request_signing_alg_values_supported",
    "backchannel_user_code_parameter_supported",
];

/// What to say to somebody who named something that is not in a list: the nearest, if one is near, and all.
pub fn advice<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let all = known.join(", ");
    match nearest(name, &known) {
        Some(nearest) => format!("Did you mean `{nearest}`? There is: {all}"),
        None => format!("There is: {all}"),
    }
}

/// The one that may have been meant: a third of the letters may be wrong, and two in a short name.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let bound = (name.chars().count() / 3).max(2);
    let near = known.iter().map(|known| (damerau_levenshtein(&name, known), *known));
    near.filter(|(distance, known)| *distance <= bound && *distance < known.len()).min().map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_comes_first_and_a_far_one_does_not() {
        assert_eq!(advice("Cde", ["state", "code"]), "Did you mean `code`? There is: state, code");
        assert_eq!(advice("xyzzy", ["state", "code"]), "There is: state, code");
        assert_eq!(nearest("", &["iss"]), None);
    }
}
