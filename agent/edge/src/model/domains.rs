//! An account's reserved domains: names that nobody else may bind.

use chrono::{DateTime, Utc};

use super::online::Scheme;
use super::state::{DomainEntry, State};
use super::{Account, AccountId, DomainId, Host, Model, ModelError, limits};
use crate::code::{Code, Refusal};

/// How many domains an account reserves at most.
const MOST: usize = 256;

/// A name that an account keeps for itself.
#[derive(Clone, Debug)]
pub struct ReservedDomain {
    /// Its identifier, `rd_…`.
    pub id: DomainId,
    /// When it was reserved, stage time.
    pub created_at: DateTime<Utc>,
    /// For people, at most 255 characters.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// The name.
    pub host: Host,
}

/// What is said of a reserved domain (`None`: as it was, or nothing).
#[derive(Clone, Debug, Default)]
pub struct DomainChange {
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
}

impl Account {
    /// All reserved domains, oldest first.
    pub fn domains(&self) -> Vec<ReservedDomain> {
        let state = self.model.lock();
        let own = state.domains.iter().filter(|entry| entry.account == self.id);
        own.map(|entry| entry.domain.clone()).collect()
    }

    /// One reserved domain.
    pub fn domain(&self, id: &DomainId) -> Result<ReservedDomain, ModelError> {
        Ok(self.model.lock().domain(&self.id, id)?.clone())
    }

    /// Reserves a name that is free.
    pub fn reserve_domain(&self, host: Host, change: DomainChange) -> Result<ReservedDomain, ModelError> {
        let mut domain = ReservedDomain {
            id: DomainId::random(),
            created_at: self.model.now(),
            description: String::new(),
            metadata: String::new(),
            host,
        };
        change.apply(&mut domain)?;
        self.model.change(|state| {
            state.account(&self.id)?;
            self.check_reservable(state, &domain.host)?;
            state.domains.push(DomainEntry { account: self.id.clone(), domain: domain.clone() });
            Ok(domain)
        })
    }

    /// Says something else of a reserved domain.
    pub fn update_domain(&self, id: &DomainId, change: DomainChange) -> Result<ReservedDomain, ModelError> {
        self.model.change(|state| {
            let mut domain = state.domain(&self.id, id)?.clone();
            change.apply(&mut domain)?;
            for entry in state.domains.iter_mut().filter(|entry| entry.domain.id == *id) {
                entry.domain.clone_from(&domain);
            }
            Ok(domain)
        })
    }

    /// Gives a reserved domain back that nothing uses.
    pub fn release_domain(&self, id: &DomainId) -> Result<(), ModelError> {
        self.model.change(|state| {
            let host = state.domain(&self.id, id)?.host.clone();
            if let Some(entry) = state.edge_on(&host) {
                let reason =
                    format!("{host} still belongs to {}; take it off that Edge first", entry.edge.id);
                return Err(refused(Code::DOMAIN_IN_USE, reason));
            }
            if self.is_online(state, &host, |_| true) {
                let reason = format!("a tunnel is online on {host}; stop it first");
                return Err(refused(Code::DOMAIN_IN_USE, reason));
            }
            state.domains.retain(|entry| entry.domain.id != *id);
            Ok(())
        })
    }

    fn check_reservable(&self, state: &State, host: &Host) -> Result<(), ModelError> {
        self.model.check_unreserved(host)?;
        match state.reserved(host) {
            Some(entry) if entry.account == self.id => {
                return Err(refused(
                    Code::DOMAIN_TAKEN,
                    format!("{host} is reserved for this account already"),
                ));
            }
            Some(_) => {
                return Err(refused(
                    Code::DOMAIN_TAKEN_ELSEWHERE,
                    format!("{host} is reserved for another account"),
                ));
            }
            None => {}
        }
        let others_edge = state.edge_on(host).is_some_and(|entry| entry.account != self.id);
        if others_edge || self.is_online(state, host, |account| *account != self.id) {
            return Err(refused(Code::DOMAIN_BUSY, format!("another account uses {host} right now")));
        }
        if state.domains.iter().filter(|entry| entry.account == self.id).count() >= MOST {
            return Err(refused(
                Code::TOO_MANY_DOMAINS,
                format!("an account reserves at most {MOST} domains"),
            ));
        }
        Ok(())
    }

    fn is_online(&self, state: &State, host: &Host, whose: impl Fn(&AccountId) -> bool) -> bool {
        let addresses = [Scheme::Http, Scheme::Https].map(|scheme| self.model.address(scheme, host));
        let mut holders = addresses.iter().filter_map(|at| state.online.holder(at));
        holders.any(|tunnel| whose(&tunnel.session.account))
    }
}

impl Model {
    /// Refuses a name that is reserved for another account than this one.
    pub(super) fn check_reserved(state: &State, account: &AccountId, host: &Host) -> Result<(), Refusal> {
        match state.reserved(host) {
            Some(entry) if entry.account != *account => Err(Refusal::new(
                Code::NAME_RESERVED,
                format!("{host} is reserved for another account; choose another name"),
            )),
            _ => Ok(()),
        }
    }
}

impl State {
    pub(super) fn domain(&self, account: &AccountId, id: &DomainId) -> Result<&ReservedDomain, ModelError> {
        let own = self.domains.iter().filter(|entry| entry.account == *account);
        let found = own.map(|entry| &entry.domain).find(|domain| domain.id == *id);
        found.ok_or_else(|| ModelError::unknown("reserved domain", id))
    }

    /// For whom this name is reserved.
    pub(super) fn reserved(&self, host: &Host) -> Option<&DomainEntry> {
        self.domains.iter().find(|entry| entry.domain.host == *host)
    }
}

impl DomainChange {
    fn apply(self, domain: &mut ReservedDomain) -> Result<(), ModelError> {
        if let Some(description) = self.description {
            domain.description = limits::description(description)?;
        }
        if let Some(metadata) = self.metadata {
            domain.metadata = limits::metadata(metadata)?;
        }
        Ok(())
    }
}

fn refused(code: Code, message: String) -> ModelError {
    ModelError::Refused(Refusal::new(code, message))
}
