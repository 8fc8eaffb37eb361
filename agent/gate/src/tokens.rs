use ground::Secret;

/// What an issuer gave for a session, kept where the settings ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    pub(crate) id_token: Secret,
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
}

impl Tokens {
    /// The ID token, as it was verified.
    pub fn id_token(&self) -> &Secret {
        &self.id_token
    }

    /// The access token.
    pub fn access_token(&self) -> &Secret {
        &self.access_token
    }

    /// The refresh token, if the issuer gave one.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }
}
