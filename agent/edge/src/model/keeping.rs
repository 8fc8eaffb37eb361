//! A model whose configuration is kept in a store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use ground::random;

use super::edges::settings_of;
use super::modules;
use super::registry::entry;
use super::state::{AccountEntry, Configuration, Guard};
use super::vouchers::Vouchers;
use super::{Model, NewAccount};
use crate::store::{self, Store, StoreError};

/// Writes what is set up, each time it changes.
#[derive(Debug)]
pub(crate) struct Keeping {
    store: Arc<Store>,
    /// What is in the store.
    written: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Keeping {
    /// Takes up what was kept, with these accounts, which bring their logins and what they don't have yet.
    pub(crate) fn begin(
        store: Arc<Store>,
        accounts: Vec<NewAccount>,
        now: DateTime<Utc>,
    ) -> Result<(Self, Configuration, Vouchers), StoreError> {
        let mut configuration = store::restore(&store)?;
        let keeping = Self { written: Mutex::new(store::config(&configuration)), store };
        for account in accounts {
            let known = configuration.accounts.iter_mut().find(|known| known.profile.name == account.name);
            let brought = entry(account, now);
            match known {
                Some(known) => bring(known, brought),
                None => configuration.accounts.push(brought),
            }
        }
        keeping.write(&configuration)?;
        let vouchers = Vouchers::with_key(keeping.vouchers_key()?);
        Ok((keeping, configuration, vouchers))
    }

    /// Writes what differs from what is in the store: all of it or nothing.
    pub(crate) fn write(&self, configuration: &Configuration) -> Result<(), StoreError> {
        let records = store::config(configuration);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let gone =
            written.keys().filter(|name| !records.contains_key(*name)).map(|name| (name.clone(), None));
        let new = records.iter().filter(|(name, record)| written.get(*name) != Some(record));
        let new = new.map(|(name, record)| (name.clone(), Some(record.clone())));
        self.store.commit(&gone.chain(new).collect())?;
        *written = records;
        Ok(())
    }

    fn vouchers_key(&self) -> Result<[u8; 32], StoreError> {
        if let Some(key) = self.store.read("vouchers")? {
            return Ok(key);
        }
        let key = random::bytes();
        self.store.write("vouchers", &key)?;
        Ok(key)
    }
}

/// Adds to an account that was kept what its configuration has besides: passwords, and what it did not have.
fn bring(known: &mut AccountEntry, brought: AccountEntry) {
    let before = std::mem::take(&mut known.logins);
    for (mut login, password) in brought.logins {
        if let Some((old, _)) = before.iter().find(|(old, _)| old.login.eq_ignore_ascii_case(&login.login)) {
            login.id = old.id.clone();
        }
        known.logins.push((login, password));
    }
    for credential in brought.credentials {
        if !known.credentials.iter().any(|old| old.token == credential.token) {
            known.credentials.push(credential);
        }
    }
    for key in brought.api_keys {
        if !known.api_keys.iter().any(|old| old.digest == key.digest) {
            known.api_keys.push(key);
        }
    }
}

impl Model {
    /// Makes what guards the Edges that were kept.
    pub(crate) fn guard_again(&self) -> Result<(), String> {
        let mut state = self.lock();
        let mut guards = Vec::new();
        for entry in &state.edges {
            for route in &entry.edge.routes {
                let wrong = |error: &dyn fmt::Display| {
                    format!("what guards the route {} is not possible: {error}", route.id)
                };
                let settings =
                    route.oidc.as_ref().map(settings_of).transpose().map_err(|error| wrong(&error))?;
                let traffic = modules::compile(&route.modules, &state, &entry.account)
                    .map_err(|error| wrong(&error))?;
                guards.push((route.id.clone(), Guard { settings: settings.flatten(), traffic }));
            }
        }
        let mut terminations = Vec::new();
        for entry in &state.edges {
            let module = entry.edge.mutual_tls.as_ref();
            let made = module.map(|module| state.termination_for(&entry.account, module)).transpose();
            let wrong = |error| format!("the mutual TLS of {} is not possible: {error}", entry.edge.id);
            terminations.push(made.map_err(wrong)?.flatten());
        }
        for (entry, termination) in state.edges.iter_mut().zip(terminations) {
            entry.termination = termination;
        }
        let mut guards = guards.into_iter();
        for entry in &mut state.edges {
            for (route, guard) in guards.by_ref().take(entry.edge.routes.len()) {
                entry.guard(&route, guard);
            }
            entry.make_gates(|host, settings| self.gate(host, settings));
        }
        Ok(())
    }
}
