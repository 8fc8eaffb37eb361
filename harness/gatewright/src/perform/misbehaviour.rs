//! How the org misbehaves when a scenario says so.

use std::num::NonZeroU32;

use http::StatusCode;
use mock_idp::misbehaviour::{Endpoint, Fault, KeySet, Kid, Knob, Signature};
use serde_json::Value;

use crate::stage::World;
use crate::vocabulary::{
    AnswerFaults, CallbackFaults, Data, Entries, IdTokenFaults, KeyFault, KeySetFault, Misbehaviour,
    SignatureFault, StepError,
};

impl World {
    /// In these ways from now on, and in no others.
    pub(super) fn misbehaves(&self, ways: &[Misbehaviour]) -> Result<(), StepError> {
        let knobs: Vec<_> = ways.iter().map(|way| self.knobs(way)).collect::<Result<_, _>>()?;
        let misbehaviour = self.org().misbehaviour();
        misbehaviour.heal_all();
        for knob in knobs.into_iter().flatten() {
            misbehaviour
                .turn(knob)
                .map_err(|error| StepError::unmet(format!("the org can't do that: {error}")))?;
        }
        Ok(())
    }

    fn knobs(&self, way: &Misbehaviour) -> Result<Vec<Knob>, StepError> {
        let times = way.times.map(|times| {
            NonZeroU32::new(times.0).ok_or_else(|| StepError::unmet("the org can't misbehave 0 times"))
        });
        let every = Knob {
            user: way.user.as_ref().map(|user| self.user(user)).transpose()?,
            app: way.app.as_ref().map(|app| self.app_id(app)).transpose()?,
            times: times.transpose()?,
            until: way.lasting.map(|lasting| self.clock().now() + lasting),
            // Each knob has its own.
            ..Fault::IdTokenExpired.into()
        };
        let faults = self.faults(way)?.into_iter();
        Ok(faults.map(|fault| Knob { fault, ..every.clone() }).collect())
    }

    fn faults(&self, way: &Misbehaviour) -> Result<Vec<Fault>, StepError> {
        let mut faults = Vec::new();
        if let Some(id_token) = &way.id_token {
            faults.extend(self.id_token_faults(id_token)?);
        }
        if let Some(userinfo) = &way.userinfo {
            let fault = |name, value| Fault::UserinfoClaim { name, value };
            faults.extend(self.members(&userinfo.set, |it| it.as_str(), fault)?);
            faults.extend(userinfo.remove.iter().map(|name| fault(name.as_str().into(), None)));
        }
        if let Some(discovery) = &way.discovery {
            let fault = |name, value| Fault::DiscoveryMember { name, value };
            faults.extend(self.members(&discovery.set, |it| it.as_str(), fault)?);
            faults.extend(discovery.remove.iter().map(|name| fault(name.as_str().into(), None)));
        }
        faults.extend(way.keys.map(|fault| {
            Fault::KeySet(match fault {
                KeySetFault::Empty => KeySet::Empty,
                KeySetFault::WithoutSigningKey => KeySet::WithoutSigningKey,
                KeySetFault::Nameless => KeySet::Nameless,
            })
        }));
        faults.extend(way.rotates_keys.then_some(Fault::KeysRotated));
        if let Some(token) = &way.token {
            let fault = |name, value| Fault::TokenMember { name, value };
            faults.extend(self.members(&token.set, |it| it.as_str(), fault)?);
            faults.extend(token.remove.iter().map(|name| fault(name.as_str().into(), None)));
        }
        if let Some(callback) = &way.callback {
            faults.extend(self.callback_faults(callback)?);
        }
        for (endpoint, answer) in way.answers.iter() {
            faults.extend(self.answer_faults(*endpoint, answer)?);
        }
        Ok(faults)
    }

    fn id_token_faults(&self, id_token: &IdTokenFaults) -> Result<Vec<Fault>, StepError> {
        let claim = |name, value| Fault::IdTokenClaim { name, value };
        let header = |name, value| Fault::IdTokenHeader { name, value };
        let mut faults = self.members(&id_token.set, |it| it.as_str(), claim)?;
        faults.extend(id_token.remove.iter().map(|name| claim(name.as_str().into(), None)));
        faults.extend(id_token.expired.then_some(Fault::IdTokenExpired));
        faults.extend(id_token.signature.map(|fault| {
            Fault::IdTokenSignature(match fault {
                SignatureFault::Wrong => Signature::Wrong,
                SignatureFault::None => Signature::None,
                SignatureFault::Missing => Signature::Missing,
                SignatureFault::Hs256 => Signature::Hs256WithClientSecret,
            })
        }));
        faults.extend(id_token.key.map(|fault| {
            Fault::IdTokenKid(match fault {
                KeyFault::Unknown => Kid::Unknown,
                KeyFault::Absent => Kid::Absent,
            })
        }));
        faults.extend(self.members(&id_token.header, |it| it.as_str(), header)?);
        faults.extend(id_token.remove_header.iter().map(|name| header(name.as_str().into(), None)));
        Ok(faults)
    }

    fn callback_faults(&self, callback: &CallbackFaults) -> Result<Vec<Fault>, StepError> {
        let mut faults = Vec::new();
        for (name, value) in callback.set.iter() {
            let value = Some(self.fill(value)?);
            faults.push(Fault::CallbackParameter { name: name.as_str().into(), value });
        }
        let removed = callback.remove.iter();
        faults
            .extend(removed.map(|name| Fault::CallbackParameter { name: name.as_str().into(), value: None }));
        let doubled = callback.double.iter();
        faults.extend(doubled.map(|name| Fault::CallbackDoubled { name: name.as_str().into() }));
        faults.extend(callback.status.as_ref().map(StatusCode::as_u16).map(Fault::CallbackStatus));
        Ok(faults)
    }

    fn answer_faults(&self, endpoint: Endpoint, answer: &AnswerFaults) -> Result<Vec<Fault>, StepError> {
        let mut faults = Vec::new();
        faults.extend(answer.status.map(|status| Fault::AnswerStatus {
            endpoint,
            status: status.as_u16(),
            error: answer.error.clone(),
            description: answer.description.clone(),
            retry_after: answer.retry_after.map(|seconds| seconds.0),
        }));
        let refusal = answer.error.is_some() || answer.description.is_some() || answer.retry_after.is_some();
        if refusal && answer.status.is_none() {
            let what = format!("the answer of {} has no status to go with what it says", endpoint.name());
            return Err(StepError::unmet(what).advised("write a `status` from 400 to 599"));
        }
        faults.extend(answer.slow.map(|slow| Fault::AnswerSlow {
            endpoint,
            milliseconds: u64::try_from(slow.as_millis()).unwrap_or(u64::MAX),
        }));
        let content_type = answer.content_type.clone();
        faults.extend(content_type.map(|content_type| Fault::AnswerType { endpoint, content_type }));
        let body = answer.body.as_ref().map(|body| self.fill(body)).transpose()?;
        faults.extend(body.map(|body| Fault::AnswerBody { endpoint, body }));
        let padding = answer.padded_by.map(|megabytes| u64::from(megabytes.0) * 1024 * 1024);
        faults.extend(padding.map(|bytes| Fault::AnswerHuge { endpoint, bytes }));
        let cut = answer.cut_after.map(|bytes| u64::from(bytes.0));
        faults.extend(cut.map(|after| Fault::AnswerCut { endpoint, after }));
        Ok(faults)
    }

    fn members<K>(
        &self,
        members: &Entries<K, Data>,
        name_of: impl Fn(&K) -> &str,
        fault: impl Fn(String, Option<Value>) -> Fault,
    ) -> Result<Vec<Fault>, StepError> {
        let one = |(name, value): (&K, &Data)| {
            let value = value.fill(|reference| self.value(reference))?;
            Ok(fault(name_of(name).to_owned(), Some(value)))
        };
        members.iter().map(one).collect()
    }
}
