//! The event types that this org logs: Okta's names, with the display messages that people see.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::model::ServerName;

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// As it should be.
    Info,
    /// Somebody was refused.
    Warn,
}

macro_rules! event_types {
    ($($variant:ident = $name:literal, $message:literal;)*) => {
        /// Okta's event types, as far as this org logs them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventType {
            $(#[doc = concat!("`", $name, "`: ", $message, ".")] $variant,)*
        }

        impl EventType {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Okta's name, `user.session.start`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The message that the System Log shows.
            pub fn display_message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

event_types! {
    SessionStart = "user.session.start", "User login to Okta";
    SessionEnd = "user.session.end", "User logout from Okta";
    SessionClear = "user.session.clear", "Clear user session";
    AccessAdminApp = "user.session.access_admin_app", "User accessing Okta admin app";
    Sso = "user.authentication.sso", "User single sign on to app";
    Verify = "user.authentication.verify", "Verify user identity";
    AuthViaMfa = "user.authentication.auth_via_mfa", "Authentication of user via MFA";
    SendPush = "system.push.send_factor_verify_push", "Send Okta Verify push notification to user";
    FactorActivate = "user.mfa.factor.activate", "Activate factor or authenticator enrollment method for user";
    FactorDeactivate = "user.mfa.factor.deactivate", "Reset factor or authenticator enrollment method for user";
    FactorResetAll = "user.mfa.factor.reset_all", "Reset all factors or authenticator enrollments for user";
    UserCreate = "user.lifecycle.create", "Create Okta user";
    UserActivate = "user.lifecycle.activate", "Activate Okta user";
    UserReactivate = "user.lifecycle.reactivate", "Reactivate Okta user";
    UserSuspend = "user.lifecycle.suspend", "Suspend Okta user";
    UserUnsuspend = "user.lifecycle.unsuspend", "Unsuspend Okta user";
    UserDeactivate = "user.lifecycle.deactivate", "Deactivate Okta user";
    UserDelete = "user.lifecycle.delete.completed", "Delete Okta user completed";
    UpdateProfile = "user.account.update_profile", "Update user profile for Okta";
    Lock = "user.account.lock", "Max sign in attempts exceeded";
    Unlock = "user.account.unlock", "Auto-unlock user account for Okta";
    UnlockByAdmin = "user.account.unlock_by_admin", "User account unlock by admin";
    ExpirePassword = "user.account.expire_password", "User's Okta password is expired";
    ResetPassword = "user.account.reset_password", "User reset password for Okta (by admin)";
    UpdatePassword = "user.account.update_password", "User update password for Okta";
    PrivilegeGrant = "user.account.privilege.grant", "Grant user privilege";
    PrivilegeRevoke = "user.account.privilege.revoke", "Revoke user privilege";
    GroupCreate = "group.lifecycle.create", "Create Okta group";
    GroupDelete = "group.lifecycle.delete", "Delete Okta group";
    GroupUpdate = "group.profile.update", "Update Okta group";
    GroupMemberAdd = "group.user_membership.add", "Add user to group membership";
    GroupMemberRemove = "group.user_membership.remove", "Remove user from group membership";
    AppCreate = "application.lifecycle.create", "Create application";
    AppUpdate = "application.lifecycle.update", "Update application";
    AppActivate = "application.lifecycle.activate", "Activate application";
    AppDeactivate = "application.lifecycle.deactivate", "Deactivate application";
    AppDelete = "application.lifecycle.delete", "Delete application";
    AppUserAdd = "application.user_membership.add", "Add user to application membership";
    AppUserRemove = "application.user_membership.remove", "Remove user's application membership";
    AppUserChangeName = "application.user_membership.change_username", "Change user's application username";
    AppGroupAdd = "group.application_assignment.add", "Add assigned application to group";
    AppGroupRemove = "group.application_assignment.remove", "Remove assigned application from group";
    UnauthorizedAppAccess = "app.generic.unauth_app_access_attempt", "User attempted unauthorized access to app";
    Authorize = "app.oauth2.authorize", "OIDC authorization request";
    AuthorizeCode = "app.oauth2.authorize.code", "OIDC authorization code request";
    TokenGrant = "app.oauth2.token.grant", "OIDC token request";
    AccessTokenGrant = "app.oauth2.token.grant.access_token", "OIDC access token is granted";
    IdTokenGrant = "app.oauth2.token.grant.id_token", "OIDC id token is granted";
    RefreshTokenGrant = "app.oauth2.token.grant.refresh_token", "OIDC refresh token is granted";
    RefreshTokenReuse = "app.oauth2.token.detect_reuse", "Detect one-time refresh token attempted reuse";
    TokenRevoke = "app.oauth2.token.revoke", "OIDC token revocation request";
    ZoneCreate = "zone.create", "Network zone create";
    ZoneUpdate = "zone.update", "Network zone update";
    ZoneDelete = "zone.delete", "Network zone delete";
    ZoneActivate = "zone.activate", "Network zone activate";
    ZoneDeactivate = "zone.deactivate", "Network zone deactivate";
    ZoneMakeBlacklist = "zone.make_blacklist", "Network zone mark as blacklist";
    ZoneRemoveBlacklist = "zone.remove_blacklist", "Network zone unmark as blacklist";
    ThreatDetected = "security.threat.detected", "Request from suspicious actor";
    ThreatConfigurationUpdate = "security.threat.configuration.update", "Update ThreatInsight configuration";
    AttackStart = "security.attack.start", "Org is under attack";
    AttackEnd = "security.attack.end", "Org is no longer under attack";
    RateLimitViolation = "system.org.rate_limit.violation", "Rate limit violation";
    RequestBlocked = "security.request.blocked", "Blocked request from IP";
    PolicyCreate = "policy.lifecycle.create", "Create policy";
    PolicyUpdate = "policy.lifecycle.update", "Update policy";
    PolicyDelete = "policy.lifecycle.delete", "Delete policy";
    PolicyActivate = "policy.lifecycle.activate", "Activate policy";
    PolicyDeactivate = "policy.lifecycle.deactivate", "Deactivate policy";
    PolicyRuleAdd = "policy.rule.add", "Add policy rule";
    PolicyRuleUpdate = "policy.rule.update", "Update policy rule";
    PolicyRuleDelete = "policy.rule.delete", "Delete policy rule";
    PolicyRuleActivate = "policy.rule.activate", "Activate policy rule";
    PolicyRuleDeactivate = "policy.rule.deactivate", "Deactivate policy rule";
    AppPolicyUpdate = "application.policy.sign_on.update", "Update application sign on policy";
    AppPolicyDeny = "application.policy.sign_on.deny_access", "Deny user access due to app sign on policy";
    EvaluateSignOn = "policy.evaluate_sign_on", "Evaluation of sign-on policy";
    CustomAuthorize = "app.oauth2.as.authorize", "OAuth2 authorization request";
    CustomAuthorizeCode = "app.oauth2.as.authorize.code", "OAuth2 authorization code request";
    ImplicitAccessToken = "app.oauth2.authorize.implicit.access_token", "OIDC authorization implicit access token request";
    ImplicitIdToken = "app.oauth2.authorize.implicit.id_token", "OIDC authorization implicit ID token request";
    CustomImplicitAccessToken = "app.oauth2.as.authorize.implicit.access_token", "OAuth2 authorization implicit access token request";
    CustomImplicitIdToken = "app.oauth2.as.authorize.implicit.id_token", "OAuth2 authorization implicit ID token request";
    CustomTokenGrant = "app.oauth2.as.token.grant", "OAuth2 token request";
    CustomAccessTokenGrant = "app.oauth2.as.token.grant.access_token", "OAuth2 access token is granted";
    CustomIdTokenGrant = "app.oauth2.as.token.grant.id_token", "OAuth2 id token is granted";
    CustomRefreshTokenGrant = "app.oauth2.as.token.grant.refresh_token", "OAuth2 refresh token is granted";
    CustomRefreshTokenReuse = "app.oauth2.as.token.detect_reuse", "Detect one-time refresh token attempted reuse";
    CustomTokenRevoke = "app.oauth2.as.token.revoke", "OAuth2 token revocation request";
    ConsentGrant = "app.oauth2.consent.grant", "User granted consent to app";
    CustomConsentGrant = "app.oauth2.as.consent.grant", "User granted consent to app";
    ConsentRevoke = "app.oauth2.as.consent.revoke", "Consent revoked";
    KeyRollover = "app.oauth2.key.rollover", "Org Authorization Server token signing key rolled over";
    CustomKeyRollover = "app.oauth2.as.key.rollover", "Custom Authorization Server token signing key rolled over";
    ServerCreate = "oauth2.as.created", "Authorization server is created";
    ServerUpdate = "oauth2.as.updated", "Authorization server is updated";
    ServerActivate = "oauth2.as.activated", "Authorization server is activated";
    ServerDeactivate = "oauth2.as.deactivated", "Authorization server is deactivated";
    ServerDelete = "oauth2.as.deleted", "Authorization server is deleted";
    ScopeCreate = "oauth2.scope.created", "OAuth2 scope is created";
    ScopeUpdate = "oauth2.scope.updated", "OAuth2 scope is updated";
    ClaimCreate = "oauth2.claim.created", "OAuth2 claim is created";
    ClaimUpdate = "oauth2.claim.updated", "OAuth2 claim is updated";
    ClaimDelete = "oauth2.claim.deleted", "OAuth2 claim is deleted";
    ScopeDelete = "oauth2.scope.deleted", "OAuth2 scope is deleted";
    TokensRevokeOfUser = "app.oauth2.token.revoke.implicit.user", "Tokens revoked for user";
    ApiTokenCreate = "system.api_token.create", "Create API token";
}

impl EventType {
    /// What the same is called when it happens at a custom authorization server.
    pub(crate) fn at(self, server: &ServerName) -> Self {
        if *server == ServerName::Org {
            return self;
        }
        match self {
            Self::Authorize => Self::CustomAuthorize,
            Self::AuthorizeCode => Self::CustomAuthorizeCode,
            Self::ImplicitAccessToken => Self::CustomImplicitAccessToken,
            Self::ImplicitIdToken => Self::CustomImplicitIdToken,
            Self::TokenGrant => Self::CustomTokenGrant,
            Self::AccessTokenGrant => Self::CustomAccessTokenGrant,
            Self::IdTokenGrant => Self::CustomIdTokenGrant,
            Self::RefreshTokenGrant => Self::CustomRefreshTokenGrant,
            Self::RefreshTokenReuse => Self::CustomRefreshTokenReuse,
            Self::TokenRevoke => Self::CustomTokenRevoke,
            Self::KeyRollover => Self::CustomKeyRollover,
            Self::ConsentGrant => Self::CustomConsentGrant,
            other => other,
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
