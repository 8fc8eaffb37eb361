//! How the org misbehaves when a scenario says so.

use mock_idp::misbehaviour::{Endpoint, Fault, Kid, Signature};

use crate::stage::World;
use crate::vocabulary::{Data, Entries, KeyFault, Member, Misbehaviour, SignatureFault, StepError};

impl World {
    /// In these ways from now on, and in no others.
    pub(super) fn misbehaves(&self, how: &Misbehaviour) -> Result<(), StepError> {
        let knobs = self.knobs(how)?;
        let misbehaviour = self.org().misbehaviour();
        misbehaviour.heal_all();
        for knob in knobs {
            misbehaviour
                .turn(knob)
                .map_err(|error| StepError::unmet(format!("the org can't do that: {error}")))?;
        }
        Ok(())
    }

    fn knobs(&self, how: &Misbehaviour) -> Result<Vec<Fault>, StepError> {
        let mut knobs = Vec::new();
        if let Some(faults) = &how.id_token {
            knobs.extend(
                self.set_members(&faults.set, |name, value| Fault::IdTokenClaim {
                    name,
                    value: Some(value),
                })?,
            );
            knobs.extend(
                faults
                    .remove
                    .iter()
                    .map(|name| Fault::IdTokenClaim { name: name.as_str().into(), value: None }),
            );
            knobs.extend(faults.expired.then_some(Fault::IdTokenExpired));
            knobs.extend(faults.signature.map(|fault| {
                Fault::IdTokenSignature(match fault {
                    SignatureFault::Wrong => Signature::Wrong,
                    SignatureFault::None => Signature::None,
                    SignatureFault::Hs256 => Signature::Hs256WithClientSecret,
                })
            }));
            knobs.extend(faults.key.map(|fault| {
                Fault::IdTokenKid(match fault {
                    KeyFault::Unknown => Kid::Unknown,
                    KeyFault::Absent => Kid::Absent,
                })
            }));
        }
        if let Some(faults) = &how.userinfo {
            knobs.extend(
                self.set_members(&faults.set, |name, value| Fault::UserinfoClaim {
                    name,
                    value: Some(value),
                })?,
            );
            let removed = faults.remove.iter();
            knobs
                .extend(removed.map(|name| Fault::UserinfoClaim { name: name.as_str().into(), value: None }));
        }
        if let Some(faults) = &how.discovery {
            knobs.push(Fault::DiscoveryMember {
                name: "issuer".to_owned(),
                value: Some(self.fill(&faults.issuer)?.into()),
            });
        }
        if let Some(refusal) = &how.token {
            knobs.push(Fault::AnswerStatus {
                endpoint: Endpoint::Token,
                status: refusal.status.as_u16(),
                error: Some(refusal.error.clone()),
                description: refusal.description.clone(),
                retry_after: None,
            });
        }
        Ok(knobs)
    }

    fn set_members(
        &self,
        members: &Entries<Member, Data>,
        knob: impl Fn(String, serde_json::Value) -> Fault,
    ) -> Result<Vec<Fault>, StepError> {
        let one = |(name, value): (&Member, &Data)| {
            Ok(knob(name.as_str().to_owned(), value.fill(|reference| self.value(reference))?))
        };
        members.iter().map(one).collect()
    }
}
