//! How a policy looks in JSON, going in and coming out.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::json::timestamp;
use super::members::Members;
use super::{ApiError, password_shape};
use crate::model::{
    Authenticator, EnrolmentSettings, GroupId, NewPolicy, Policy, PolicyKind, PolicySettings, PolicyStatus,
    SelfEnrolment,
};
use crate::site::Site;

/// Reads a policy; where no status is given, it is this one. `everyone` is the built-in group: what is its is everyone's.
pub(super) fn read(
    body: Map<String, Value>,
    status: PolicyStatus,
    everyone: &GroupId,
) -> Result<NewPolicy, ApiError> {
    let mut body = Members::of_body(body);
    body.leave(&["id", "created", "lastUpdated", "system", "_links", "_embedded"]);
    let kind = kind(&body.need::<String>("type")?)?;
    let priority = body.read("priority")?;
    let policy = NewPolicy {
        kind,
        name: body.need("name")?,
        description: body.read("description")?.unwrap_or_default(),
        priority: if kind == PolicyKind::Access { None } else { priority },
        status: body.read("status")?.unwrap_or(status),
        groups: match kind {
            PolicyKind::Access => BTreeSet::new(),
            kind => groups(&mut body, kind, everyone)?,
        },
        settings: match kind {
            PolicyKind::Enrolment => PolicySettings::Enrolment(enrolment(&mut body)?),
            PolicyKind::Password => PolicySettings::Password(Arc::new(password_shape::read(&mut body)?)),
            _ => PolicySettings::None,
        },
    };
    body.finish()?;
    Ok(policy)
}

/// A kind of policy that this org has, by Okta's name.
pub(super) fn kind(name: &str) -> Result<PolicyKind, ApiError> {
    let found = PolicyKind::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| ApiError::invalid("type", "There are no policies of this type in this org"))
}

fn groups(body: &mut Members, kind: PolicyKind, everyone: &GroupId) -> Result<BTreeSet<GroupId>, ApiError> {
    let mut conditions = body.object_or_empty("conditions")?;
    if kind == PolicyKind::Password {
        own_passwords(conditions.object_or_empty("authProvider")?)?;
    }
    let mut people = conditions.object_or_empty("people")?;
    let mut groups = people.object_or_empty("groups")?;
    let include: BTreeSet<GroupId> = groups.set("include")?.iter().map(|id| GroupId::new(id)).collect();
    groups.finish()?;
    people.finish()?;
    conditions.finish()?;
    Ok(if include.contains(everyone) { BTreeSet::new() } else { include })
}

/// Passwords are the org's own: no directory has any.
fn own_passwords(mut provider: Members) -> Result<(), ApiError> {
    let named: Option<String> = provider.read("provider")?;
    if named.is_some_and(|named| named != "OKTA" && named != "ANY") {
        return Err(provider.refuse("provider", "Only OKTA is supported by this org"));
    }
    provider.finish()
}

fn enrolment(body: &mut Members) -> Result<EnrolmentSettings, ApiError> {
    let mut settings = body.object_or_empty("settings")?;
    let kind: Option<String> = settings.read("type")?;
    if kind.is_some_and(|kind| kind != "AUTHENTICATORS") {
        return Err(settings.refuse("type", "Only AUTHENTICATORS is supported by this org"));
    }
    let mut authenticators: Vec<(Authenticator, SelfEnrolment)> = Vec::new();
    for mut given in settings.objects("authenticators")? {
        let key: String = given.need("key")?;
        let authenticator = serde_json::from_value(Value::String(key))
            .map_err(|_| given.refuse("key", "There is no such authenticator in this org"))?;
        let mut enroll = given.object_or_empty("enroll")?;
        let self_enrolment = enroll.need("self")?;
        enroll.finish()?;
        if authenticators.iter().any(|(known, _)| *known == authenticator) {
            return Err(given.refuse("key", "The authenticator is named twice"));
        }
        given.finish()?;
        authenticators.push((authenticator, self_enrolment));
    }
    settings.finish()?;
    Ok(EnrolmentSettings { authenticators })
}

/// Writes a policy.
pub(super) fn write(site: &Site, policy: &Policy) -> Value {
    let mut shape = document(policy, site.model.everyone());
    shape["_links"] = links(site, policy);
    shape
}

/// A policy without its links.
fn document(policy: &Policy, everyone: &GroupId) -> Value {
    let mut conditions = match policy.kind {
        PolicyKind::Access => Value::Null,
        _ if policy.groups.is_empty() => json!({ "people": { "groups": { "include": [everyone] } } }),
        _ => json!({ "people": { "groups": { "include": policy.groups } } }),
    };
    if policy.kind == PolicyKind::Password {
        conditions["authProvider"] = json!({ "provider": "OKTA" });
    }
    let mut shape = json!({
        "id": policy.id,
        "type": policy.kind,
        "name": policy.name,
        "description": policy.description,
        // Access policies have no order; Okta says 1 of each.
        "priority": if policy.kind == PolicyKind::Access { 1 } else { policy.priority },
        "status": policy.status,
        "system": policy.system,
        "conditions": conditions,
        "created": timestamp(policy.created),
        "lastUpdated": timestamp(policy.last_updated),
    });
    match &policy.settings {
        PolicySettings::None => {}
        PolicySettings::Enrolment(settings) => {
            let authenticator = |(key, enrolment): &(Authenticator, SelfEnrolment)| json!({ "key": key, "enroll": { "self": enrolment } });
            let authenticators: Vec<Value> = settings.authenticators.iter().map(authenticator).collect();
            shape["settings"] = json!({ "type": "AUTHENTICATORS", "authenticators": authenticators });
        }
        PolicySettings::Password(settings) => shape["settings"] = password_shape::write(settings),
    }
    shape
}

fn links(site: &Site, policy: &Policy) -> Value {
    let url = format!("{}/api/v1/policies/{}", site.names.org_url(), policy.id);
    let mut links = json!({
        "self": { "href": url, "hints": { "allow": methods(policy.system) } },
        "rules": { "href": format!("{url}/rules"), "hints": { "allow": ["GET", "POST"] } },
        "mappings": { "href": format!("{url}/mappings"), "hints": { "allow": ["GET"] } },
    });
    if !policy.system {
        let (name, link) = other_status(&url, policy.status);
        links[name] = link;
    }
    links
}

/// What can be done with a policy or a rule at its own address.
pub(super) fn methods(system: bool) -> &'static [&'static str] {
    if system { &["GET", "PUT"] } else { &["GET", "PUT", "DELETE"] }
}

/// The link by which the thing at `url` changes its status.
pub(super) fn other_status(url: &str, status: PolicyStatus) -> (&'static str, Value) {
    let other = match status {
        PolicyStatus::Active => "deactivate",
        PolicyStatus::Inactive => "activate",
    };
    (other, json!({ "href": format!("{url}/lifecycle/{other}"), "hints": { "allow": ["POST"] } }))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;
    use crate::model::PolicyId;

    const EVERYONE: &str = "00geveryone";

    fn settings(kind: PolicyKind) -> BoxedStrategy<PolicySettings> {
        match kind {
            PolicyKind::Enrolment => {}
            PolicyKind::Password => {
                let settings = password_shape::tests::settings();
                return settings.prop_map(|settings| PolicySettings::Password(Arc::new(settings))).boxed();
            }
            PolicyKind::SignOn | PolicyKind::Access => return Just(PolicySettings::None).boxed(),
        }
        let all = vec![Authenticator::OktaPassword, Authenticator::OktaVerify, Authenticator::WebAuthn];
        let enrolments = vec![SelfEnrolment::Required, SelfEnrolment::Optional, SelfEnrolment::NotAllowed];
        (subsequence(all, 0..=3), prop::collection::vec(select(enrolments), 3))
            .prop_map(|(authenticators, enrolments)| {
                let authenticators = authenticators.into_iter().zip(enrolments).collect();
                PolicySettings::Enrolment(EnrolmentSettings { authenticators })
            })
            .boxed()
    }

    fn policy() -> impl Strategy<Value = Policy> {
        let kinds = PolicyKind::ALL.to_vec();
        let of_kind = |kind| {
            let groups = if kind == PolicyKind::Access { 0..=0 } else { 0..=3 };
            let groups = subsequence(vec!["00ga", "00gb", "00gc"], groups);
            let status = select(vec![PolicyStatus::Active, PolicyStatus::Inactive]);
            (".{1,50}", ".{0,60}", 1_u32..500, status, any::<bool>(), groups, settings(kind)).prop_map(
                move |(name, description, priority, status, system, groups, settings)| Policy {
                    id: PolicyId::new("00p"),
                    kind,
                    name,
                    description,
                    priority,
                    status,
                    system,
                    groups: groups.into_iter().map(GroupId::new).collect(),
                    settings,
                    rules: Vec::new(),
                    created: DateTime::UNIX_EPOCH,
                    last_updated: DateTime::UNIX_EPOCH,
                },
            )
        };
        select(kinds).prop_flat_map(of_kind)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(policy in policy()) {
            let everyone = GroupId::new(EVERYONE);
            let written = document(&policy, &everyone);
            let read = read(written.as_object().unwrap().clone(), PolicyStatus::Active, &everyone).unwrap();
            let priority = (policy.kind != PolicyKind::Access).then_some(policy.priority);
            let expected = NewPolicy {
                kind: policy.kind,
                name: policy.name,
                description: policy.description,
                priority,
                status: policy.status,
                groups: policy.groups,
                settings: policy.settings,
            };
            prop_assert_eq!(read, expected);
        }
    }
}
