//! An application's client secrets: two at most, so that one can follow the other without a break.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use ground::{Secret, random};

use super::id::Minting;
use super::log::{Entry, EventType};
use super::{App, AppId, Cause, ClientSecretId, Model, ModelError, TokenEndpointAuthMethod};

/// How many secrets an application can have at once.
const MOST_SECRETS: usize = 2;

/// A client secret, as of the moment it was read.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// Its identifier.
    pub id: ClientSecretId,
    /// The secret itself.
    pub secret: Secret,
    /// Whether the application proves itself by it.
    pub active: bool,
    /// When it was made, in stage time as the other.
    pub created: DateTime<Utc>,
    /// When it was last activated or deactivated.
    pub last_updated: DateTime<Utc>,
}

impl ClientSecret {
    fn new(secret: Secret, active: bool, minting: &Minting, now: DateTime<Utc>) -> Self {
        Self { id: ClientSecretId::mint(minting, now), secret, active, created: now, last_updated: now }
    }
}

impl App {
    /// Its client secrets, oldest first.
    pub fn secrets(&self) -> &[ClientSecret] {
        &self.secrets
    }

    /// Those that it proves itself by.
    pub fn active_secrets(&self) -> impl Iterator<Item = &Secret> {
        self.secrets.iter().filter(|secret| secret.active).map(|secret| &secret.secret)
    }

    /// Whether an active secret is this one. In a time that doesn't tell how much of it was right.
    pub(crate) fn accepts_secret(&self, candidate: &str) -> bool {
        self.active_secrets().fold(false, |found, secret| secret.matches(candidate) | found)
    }

    /// Makes this the only secret, unless it is the one that is shown already; or takes all of them away.
    pub(super) fn fit_secret(&mut self, secret: Option<Secret>, minting: &Minting, now: DateTime<Utc>) {
        if secret.is_none() || secret != self.secret {
            let only = secret.map(|secret| ClientSecret::new(secret, true, minting, now));
            self.set_secrets(only.into_iter().collect());
        }
    }

    /// The newest active one is the one that is shown.
    fn set_secrets(&mut self, secrets: Vec<ClientSecret>) {
        let newest = secrets.iter().rev().find(|secret| secret.active);
        self.secret = newest.map(|secret| secret.secret.clone());
        self.secrets = secrets;
    }

    fn check_secret(&self, secret: &Secret) -> Result<(), ModelError> {
        let wrong = |reason: &str| Err(ModelError::invalid("client_secret", reason));
        let text = secret.expose();
        let least = match self.settings.token_endpoint_auth_method {
            TokenEndpointAuthMethod::ClientSecretJwt => 32,
            _ => 14,
        };
        if !text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return wrong("'client_secret' must only contain printable ASCII: [x20-x7E]+");
        }
        match text.len() {
            length if length < least => {
                wrong(&format!("'client_secret' must be at least '{least}' characters long."))
            }
            length if length > 100 => wrong("'client_secret' can't be more than '100' characters long."),
            _ => Ok(()),
        }
    }
}

impl Model {
    /// Gives an application a further secret: this one, or one of 64 characters that is made up.
    ///
    /// # Errors
    /// When there is no such application, it has two already, has none by its settings, or this one is not acceptable.
    pub fn create_client_secret(
        &self,
        app: &AppId,
        secret: Option<Secret>,
        active: bool,
        cause: &Cause,
    ) -> Result<ClientSecret, ModelError> {
        let now = self.now();
        self.change_secrets(app, cause, |app, secrets| {
            if secrets.is_empty() {
                let reason = "'client_secret' can't be used with this 'token_endpoint_auth_method'.";
                return Err(ModelError::invalid("client_secret", reason));
            }
            if secrets.len() >= MOST_SECRETS {
                let reason = "You've reached the maximum number of client secrets per client.";
                return Err(ModelError::ClientSecret(reason));
            }
            let secret = secret.unwrap_or_else(|| Secret::new("client secret", random::alphanumeric(64)));
            app.check_secret(&secret)?;
            let new = ClientSecret::new(secret, active, self.minting(), now);
            secrets.push(new.clone());
            Ok(new)
        })
    }

    /// Puts a secret into use, or out of it.
    ///
    /// # Errors
    /// When there is no such application or secret, or the last active one would be put out of use.
    pub fn set_client_secret_active(
        &self,
        app: &AppId,
        id: &ClientSecretId,
        active: bool,
        cause: &Cause,
    ) -> Result<ClientSecret, ModelError> {
        let now = self.now();
        self.change_secrets(app, cause, |_, secrets| {
            let others = secrets.iter().any(|secret| secret.active && secret.id != *id);
            let secret = secrets.iter_mut().find(|secret| secret.id == *id).ok_or_else(|| missing(id))?;
            if !active && !others {
                return Err(ModelError::ClientSecret("You can't deactivate the only active client secret."));
            }
            (secret.active, secret.last_updated) = (active, now);
            Ok(secret.clone())
        })
    }

    /// Deletes a secret that is out of use.
    ///
    /// # Errors
    /// When there is no such application or secret, or it is active.
    pub fn delete_client_secret(
        &self,
        app: &AppId,
        id: &ClientSecretId,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        self.change_secrets(app, cause, |_, secrets| {
            let secret = secrets.iter().find(|secret| secret.id == *id).ok_or_else(|| missing(id))?;
            if secret.active {
                let reason =
                    "You can't delete an active client secret. Deactivate the secret before deleting it.";
                return Err(ModelError::ClientSecret(reason));
            }
            secrets.retain(|secret| secret.id != *id);
            Ok(())
        })
    }

    fn change_secrets<T>(
        &self,
        id: &AppId,
        cause: &Cause,
        change: impl FnOnce(&App, &mut Vec<ClientSecret>) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let now = self.now();
        let mut outcome = None;
        let app = self.write().change_app(id, now, |app| {
            let mut secrets = app.secrets.clone();
            outcome = Some(change(app, &mut secrets)?);
            app.set_secrets(secrets);
            Ok(())
        })?;
        self.log(Entry::of(EventType::AppUpdate).to(Arc::clone(&app).party()), cause);
        outcome.ok_or_else(|| ModelError::not_found("AppInstance", id))
    }
}

fn missing(id: &ClientSecretId) -> ModelError {
    ModelError::not_found("OAuth2ClientSecretMediated", id)
}
