//! The security key that a person has at hand: one of DevTools' virtual authenticators in each tab, kept alike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Error;
use super::cdp::{Cdp, SessionId};

/// What a person has at hand for WebAuthn: one security key or none. It is touched whenever it asks for that. It outlives
/// the browsers that it is plugged into; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Authenticator {
    state: Arc<Mutex<State>>,
    /// Held while keys are plugged in and out, which takes several calls to the browser.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A credential that was made elsewhere.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    /// Its id.
    pub id: Vec<u8>,
    /// The relying party that it is for.
    pub party: String,
    /// Its private key: P-256, PKCS #8.
    pub private_key: Vec<u8>,
    /// How often it has signed.
    pub counter: u32,
}

#[derive(Debug, Default)]
struct State {
    key: Option<SecurityKey>,
    /// Whether a key that looks at its owner sees somebody else.
    owner_is_unknown: bool,
    tabs: Vec<Plugged>,
}

#[derive(Debug)]
struct SecurityKey {
    verifies: bool,
    /// As DevTools have them, by their ids.
    credentials: BTreeMap<String, Value>,
}

/// A tab, and what stands for the key in it.
#[derive(Clone, Debug)]
struct Plugged {
    cdp: Cdp,
    session: SessionId,
    authenticator: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialEvent {
    credential: Value,
}

impl Authenticator {
    /// Takes a new security key to hand, in the place of the one that was there. One that `verifies` makes sure by a
    /// fingerprint that it is its owner who touches it.
    pub async fn take(&self, verifies: bool, credentials: &[StoredCredential]) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        self.unplug().await?;
        let credentials = credentials.iter().map(StoredCredential::to_devtools).collect();
        self.state().key = Some(SecurityKey { verifies, credentials });
        let sessions: Vec<_> = self.state().tabs.iter().map(|tab| tab.session.clone()).collect();
        for session in sessions {
            self.plug_into(&session).await?;
        }
        Ok(())
    }

    /// Whether there is a key at hand.
    pub fn is_there(&self) -> bool {
        self.state().key.is_some()
    }

    /// Takes the key away.
    pub async fn lose(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        self.state().key = None;
        self.unplug().await
    }

    /// From now on a key that looks at its owner knows them, or doesn't.
    pub async fn know_owner(&self, known: bool) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        self.state().owner_is_unknown = !known;
        let tabs = self.state().tabs.clone();
        for Plugged { cdp, session, authenticator } in tabs {
            let Some(authenticator) = authenticator else { continue };
            let wish = json!({ "authenticatorId": authenticator, "isUserVerified": known });
            unless_closed(cdp.call(Some(&session), "WebAuthn.setUserVerified", wish).await)?;
        }
        Ok(())
    }

    /// A tab is there; whether it has to be [plugged](Self::plug) into before it begins.
    pub(super) fn tab_opened(&self, cdp: &Cdp, session: &SessionId) -> bool {
        let mut state = self.state();
        state.tabs.push(Plugged { cdp: cdp.clone(), session: session.clone(), authenticator: None });
        state.key.is_some()
    }

    /// Plugs the key into a tab.
    pub(super) async fn plug(&self, session: &SessionId) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        self.plug_into(session).await
    }

    async fn plug_into(&self, session: &SessionId) -> Result<(), Error> {
        let (cdp, options) = {
            let state = self.state();
            let tab = state.tabs.iter().find(|tab| tab.session == *session && tab.authenticator.is_none());
            let (Some(tab), Some(key)) = (tab, &state.key) else { return Ok(()) };
            (tab.cdp.clone(), key.options(!state.owner_is_unknown))
        };
        let enabled = cdp.call(Some(session), "WebAuthn.enable", json!({})).await;
        unless_closed(enabled)?;
        let added = cdp.call(Some(session), "WebAuthn.addVirtualAuthenticator", options).await;
        let Some(added) = unless_closed(added)? else { return Ok(()) };
        let mut state = self.state();
        let State { key, tabs, .. } = &mut *state;
        let Some(tab) = tabs.iter_mut().find(|tab| tab.session == *session) else { return Ok(()) };
        tab.authenticator = added["authenticatorId"].as_str().map(str::to_owned);
        key.iter().flat_map(|key| key.credentials.values()).for_each(|credential| tab.put(credential));
        Ok(())
    }

    async fn unplug(&self) -> Result<(), Error> {
        let tabs: Vec<_> = {
            let mut state = self.state();
            let tabs = state.tabs.iter_mut();
            tabs.filter_map(|tab| Some((tab.cdp.clone(), tab.session.clone(), tab.authenticator.take()?)))
                .collect()
        };
        for (cdp, session, authenticator) in tabs {
            let wish = json!({ "authenticatorId": authenticator });
            unless_closed(cdp.call(Some(&session), "WebAuthn.removeVirtualAuthenticator", wish).await)?;
        }
        Ok(())
    }

    /// The tab is gone.
    pub(super) fn session_over(&self, session: &SessionId) {
        self.state().tabs.retain(|tab| tab.session != *session);
    }

    /// Takes a DevTools event about a tab's authenticator: what the key learnt in one tab it knows in all of them.
    pub(super) fn hear(&self, session: &SessionId, event: &str, params: Value) {
        if !matches!(event, "credentialAdded" | "credentialAsserted" | "credentialUpdated") {
            return;
        }
        let Ok(CredentialEvent { credential }) = serde_json::from_value(params) else { return };
        let Some(id) = credential["credentialId"].as_str().map(str::to_owned) else { return };
        let mut state = self.state();
        let State { key, tabs, .. } = &mut *state;
        let Some(key) = key else { return };
        tabs.iter().filter(|tab| tab.session != *session).for_each(|tab| tab.put(&credential));
        key.credentials.insert(id, credential);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecurityKey {
    fn options(&self, owner_is_known: bool) -> Value {
        json!({ "options": {
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": true, "hasUserVerification": self.verifies,
            "isUserVerified": self.verifies && owner_is_known, "automaticPresenceSimulation": true,
        } })
    }
}

impl Plugged {
    /// Has the tab's authenticator hold a credential as it is now. Calls are carried out in order.
    fn put(&self, credential: &Value) {
        let Some(authenticator) = &self.authenticator else { return };
        let held = json!({ "authenticatorId": authenticator, "credentialId": credential["credentialId"] });
        self.cdp.send(Some(&self.session), "WebAuthn.removeCredential", held);
        let wish = json!({ "authenticatorId": authenticator, "credential": credential });
        self.cdp.send(Some(&self.session), "WebAuthn.addCredential", wish);
    }
}

impl StoredCredential {
    fn to_devtools(&self) -> (String, Value) {
        let id = STANDARD.encode(&self.id);
        let credential = json!({
            "credentialId": id, "isResidentCredential": false, "rpId": self.party,
            "privateKey": STANDARD.encode(&self.private_key), "signCount": self.counter,
        });
        (id, credential)
    }
}

/// A tab may close while something is done in it: then there is nothing to do there any more.
fn unless_closed(outcome: Result<Value, Error>) -> Result<Option<Value>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(Error::Refused { message, .. }) if message.contains("Session with given id not found") => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
