//! An account's certificate authorities, and the mutual TLS of its Edges, which refers to them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use x509_parser::pem::parse_x509_pem;

use super::state::{CertificateAuthorityEntry, EdgeEntry, State};
use super::termination::{ClientAuthorities, Termination};
use super::{Account, AccountId, CertificateAuthorityId, ModelError, limits};
use crate::code::{Code, Refusal};

/// How many an account has at most, how many an Edge refers to, and how many bytes one has.
const MOST: usize = 100;
const MOST_OF_EDGE: usize = 10;
const MOST_BYTES: usize = 64 * 1024;

/// An authority whose certificates clients may have to show.
#[derive(Clone, Debug)]
pub struct CertificateAuthority {
    /// Its identifier, `ca_…`.
    pub id: CertificateAuthorityId,
    /// When it was uploaded, stage time.
    pub created_at: DateTime<Utc>,
    /// For people, at most 255 characters.
    pub description: String,
    /// For machines, at most 4096 bytes.
    pub metadata: String,
    /// Its certificate, in PEM.
    pub pem: String,
    /// What it calls itself.
    pub subject: String,
    /// From when on it is valid.
    pub not_before: Option<DateTime<Utc>>,
    /// Until when.
    pub not_after: Option<DateTime<Utc>>,
}

/// What clients of an Edge must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTlsModule {
    /// Whether it applies.
    pub enabled: bool,
    /// A certificate of any of these.
    pub authorities: Vec<CertificateAuthorityId>,
}

/// What is said of an authority (`None`: as it was, or nothing).
#[derive(Clone, Debug, Default)]
pub struct CertificateAuthorityChange {
    /// For people.
    pub description: Option<String>,
    /// For machines.
    pub metadata: Option<String>,
}

impl CertificateAuthority {
    /// What the certificate in `pem` says.
    pub(crate) fn read(
        id: CertificateAuthorityId,
        created_at: DateTime<Utc>,
        pem: String,
    ) -> Result<Self, ModelError> {
        if pem.len() > MOST_BYTES {
            return Err(refused(
                1921,
                format!("the certificate has at most {MOST_BYTES} bytes, not {}", pem.len()),
            ));
        }
        if pem.trim().is_empty() {
            return Err(refused(1919, "the certificate is missing".to_owned()));
        }
        let (rest, block) = parse_x509_pem(pem.as_bytes())
            .map_err(|_| refused(1920, "it is no certificate in PEM".to_owned()))?;
        if parse_x509_pem(rest).is_ok() {
            return Err(refused(
                1912,
                "there is more than one certificate; upload each by itself".to_owned(),
            ));
        }
        let certificate =
            block.parse_x509().map_err(|_| refused(1900, "it is no X.509 certificate".to_owned()))?;
        if !certificate.is_ca() {
            return Err(refused(1913, "its basic constraints don't make it an authority's".to_owned()));
        }
        ClientAuthorities::parse(pem.as_bytes()).map_err(|error| refused(1900, error))?;
        let name = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        let time = |at: x509_parser::time::ASN1Time| DateTime::from_timestamp(at.timestamp(), 0);
        let subject = name.unwrap_or_default().to_owned();
        let validity = certificate.validity();
        let (not_before, not_after) = (time(validity.not_before), time(validity.not_after));
        let (description, metadata) = (String::new(), String::new());
        Ok(Self { id, created_at, description, metadata, subject, not_before, not_after, pem })
    }
}

impl Account {
    /// All certificate authorities, oldest first.
    pub fn certificate_authorities(&self) -> Vec<CertificateAuthority> {
        let state = self.model.lock();
        let own = state.certificate_authorities.iter().filter(|entry| entry.account == self.id);
        own.map(|entry| entry.authority.clone()).collect()
    }

    /// One certificate authority.
    pub fn certificate_authority(
        &self,
        id: &CertificateAuthorityId,
    ) -> Result<CertificateAuthority, ModelError> {
        Ok(self.model.lock().certificate_authority(&self.id, id)?.clone())
    }

    /// Uploads a certificate authority.
    pub fn create_certificate_authority(
        &self,
        pem: String,
        change: &CertificateAuthorityChange,
    ) -> Result<CertificateAuthority, ModelError> {
        let id = CertificateAuthorityId::random();
        let mut authority = CertificateAuthority::read(id, self.model.now(), pem)?;
        change.apply(&mut authority)?;
        self.model.change(|state| {
            state.account(&self.id)?;
            let own = state.certificate_authorities.iter().filter(|entry| entry.account == self.id);
            if own.count() >= MOST {
                return Err(refused(1918, format!("an account has at most {MOST} certificate authorities")));
            }
            let entry = CertificateAuthorityEntry { account: self.id.clone(), authority: authority.clone() };
            state.certificate_authorities.push(entry);
            Ok(authority)
        })
    }

    /// Says something else of a certificate authority.
    pub fn update_certificate_authority(
        &self,
        id: &CertificateAuthorityId,
        change: &CertificateAuthorityChange,
    ) -> Result<CertificateAuthority, ModelError> {
        self.model.change(|state| {
            let mut authority = state.certificate_authority(&self.id, id)?.clone();
            change.apply(&mut authority)?;
            for entry in state.certificate_authorities.iter_mut().filter(|entry| entry.authority.id == *id) {
                entry.authority.clone_from(&authority);
            }
            Ok(authority)
        })
    }

    /// Takes a certificate authority away that no Edge refers to.
    pub fn delete_certificate_authority(&self, id: &CertificateAuthorityId) -> Result<(), ModelError> {
        self.model.change(|state| {
            state.certificate_authority(&self.id, id)?;
            let refers = |entry: &&EdgeEntry| {
                entry.edge.mutual_tls.as_ref().is_some_and(|module| module.authorities.contains(id))
            };
            if let Some(entry) = state.edges_of(&self.id).find(refers) {
                let reason = format!("{} refers to {id}; take its mutual TLS away first", entry.edge.id);
                return Err(ModelError::Refused(Refusal::new(Code::NO_SUCH_RESOURCE, reason)));
            }
            state.certificate_authorities.retain(|entry| entry.authority.id != *id);
            Ok(())
        })
    }
}

impl State {
    fn certificate_authority(
        &self,
        account: &AccountId,
        id: &CertificateAuthorityId,
    ) -> Result<&CertificateAuthority, ModelError> {
        let mut own = self.certificate_authorities.iter().filter(|entry| entry.account == *account);
        let found = own.find(|entry| entry.authority.id == *id).map(|entry| &entry.authority);
        found.ok_or_else(|| ModelError::unknown("certificate authority", id))
    }

    /// How TLS is ended for those who have to show a certificate; none when nobody has to.
    pub(super) fn termination_for(
        &self,
        account: &AccountId,
        module: &MutualTlsModule,
    ) -> Result<Option<Arc<Termination>>, ModelError> {
        if module.authorities.is_empty() {
            return Err(refused(
                1672,
                "mutual TLS names the certificate authorities that it goes by".to_owned(),
            ));
        }
        if module.authorities.len() > MOST_OF_EDGE {
            return Err(refused(
                1675,
                format!("an Edge goes by at most {MOST_OF_EDGE} certificate authorities"),
            ));
        }
        let mut pem = String::new();
        for id in &module.authorities {
            let authority = self.certificate_authority(account, id);
            let authority =
                authority.map_err(|_| refused(1672, format!("there is no certificate authority {id}")))?;
            pem.push_str(&authority.pem);
            pem.push('\n');
        }
        let clients = ClientAuthorities::parse(pem.as_bytes()).map_err(|error| refused(1696, error))?;
        Ok(module.enabled.then(|| Arc::new(Termination::of_site(clients))))
    }
}

impl CertificateAuthorityChange {
    fn apply(&self, authority: &mut CertificateAuthority) -> Result<(), ModelError> {
        if let Some(description) = &self.description {
            authority.description = limits::description(description.clone())?;
        }
        if let Some(metadata) = &self.metadata {
            authority.metadata = limits::metadata(metadata.clone())?;
        }
        Ok(())
    }
}

fn refused(code: u16, message: String) -> ModelError {
    ModelError::Refused(Refusal::new(Code(code), message))
}
