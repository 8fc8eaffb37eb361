//! How a policy's rule looks in JSON, going in and coming out.

use serde_json::{Map, Value, json};

use super::ApiError;
use super::action_shape;
use super::json::timestamp;
use super::members::Members;
use super::policy_shape::{methods, other_status};
use crate::model::{
    Choice, Conditions, GroupId, Network, NewRule, Policy, PolicyKind, PolicyStatus, Rule, UserId, ZoneId,
};
use crate::site::Site;

/// The priority that the last rule of an access policy shows, whatever its place.
const CATCH_ALL: u32 = 99;

/// Reads a rule of a policy of this kind; where no status is given, it is this one.
pub(super) fn read(
    body: Map<String, Value>,
    kind: PolicyKind,
    status: PolicyStatus,
) -> Result<NewRule, ApiError> {
    let mut body = Members::of_body(body);
    body.leave(&["id", "created", "lastUpdated", "system", "_links", "_embedded"]);
    let given: Option<String> = body.read("type")?;
    if given.is_some_and(|given| given != type_name(kind)) {
        return Err(body.refuse("type", "Invalid rule type specified"));
    }
    let priority: Option<u32> = body.read("priority")?;
    let rule = NewRule {
        name: body.need("name")?,
        // Those of access policies are counted from 0.
        priority: priority.map(|place| place.saturating_add(u32::from(kind == PolicyKind::Access))),
        status: body.read("status")?.unwrap_or(status),
        conditions: conditions(&mut body)?,
        actions: action_shape::read(&mut body, kind)?,
    };
    body.finish()?;
    Ok(rule)
}

/// Okta's name of the rules of such policies.
fn type_name(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::SignOn => "SIGN_ON",
        other => other.name(),
    }
}

fn conditions(body: &mut Members) -> Result<Conditions, ApiError> {
    let mut given = body.object_or_empty("conditions")?;
    let mut people = given.object_or_empty("people")?;
    let conditions = Conditions {
        users: choice(&mut people, "users", UserId::new)?,
        groups: choice(&mut people, "groups", GroupId::new)?,
        network: network(&mut given)?,
    };
    people.finish()?;
    given.finish()?;
    Ok(conditions)
}

fn choice<T: Ord>(people: &mut Members, name: &str, of: fn(&str) -> T) -> Result<Choice<T>, ApiError> {
    let mut given = people.object_or_empty(name)?;
    let [include, exclude] = [given.set("include")?, given.set("exclude")?];
    given.finish()?;
    let all = |ids: std::collections::BTreeSet<String>| ids.iter().map(|id| of(id)).collect();
    Ok(Choice { include: all(include), exclude: all(exclude) })
}

fn network(conditions: &mut Members) -> Result<Network, ApiError> {
    let mut given = conditions.object_or_empty("network")?;
    let connection: Option<String> = given.read("connection")?;
    let [include, exclude] = [given.set("include")?, given.set("exclude")?];
    let zones = |ids: &std::collections::BTreeSet<String>| ids.iter().map(|id| ZoneId::new(id)).collect();
    let network = match (connection.as_deref(), include.is_empty(), exclude.is_empty()) {
        (None | Some("ANYWHERE"), true, true) => Network::Anywhere,
        (Some("ZONE"), false, true) => Network::In(zones(&include)),
        (Some("ZONE"), true, false) => Network::NotIn(zones(&exclude)),
        (Some("ZONE"), ..) => {
            return Err(
                conditions.refuse("network", "Either zones to include or zones to exclude must be named")
            );
        }
        _ => return Err(given.refuse("connection", "Only ZONE goes with zones, and ANYWHERE without any")),
    };
    given.finish()?;
    Ok(network)
}

/// Writes a rule of this policy's.
pub(super) fn write(site: &Site, policy: &Policy, rule: &Rule) -> Value {
    let mut shape = document(policy.kind, rule);
    let url = format!("{}/api/v1/policies/{}/rules/{}", site.names.org_url(), policy.id, rule.id);
    let mut links = json!({ "self": { "href": url, "hints": { "allow": methods(rule.system) } } });
    if !rule.system {
        let (name, link) = other_status(&url, rule.status);
        links[name] = link;
    }
    shape["_links"] = links;
    shape
}

/// A rule without its links.
fn document(kind: PolicyKind, rule: &Rule) -> Value {
    let priority = match kind {
        PolicyKind::Access if rule.system => CATCH_ALL,
        PolicyKind::Access => rule.priority.saturating_sub(1),
        _ => rule.priority,
    };
    json!({
        "id": rule.id,
        "type": type_name(kind),
        "name": rule.name,
        "priority": priority,
        "status": rule.status,
        "system": rule.system,
        "conditions": if rule.system { Value::Null } else { conditions_document(&rule.conditions) },
        "actions": action_shape::write(&rule.actions),
        "created": timestamp(rule.created),
        "lastUpdated": timestamp(rule.last_updated),
    })
}

fn conditions_document(conditions: &Conditions) -> Value {
    let network = match &conditions.network {
        Network::Anywhere => json!({ "connection": "ANYWHERE" }),
        Network::In(zones) => json!({ "connection": "ZONE", "include": zones }),
        Network::NotIn(zones) => json!({ "connection": "ZONE", "exclude": zones }),
    };
    let Conditions { users, groups, .. } = conditions;
    json!({
        "people": {
            "users": { "include": users.include, "exclude": users.exclude },
            "groups": { "include": groups.include, "exclude": groups.exclude },
        },
        "network": network,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::DateTime;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;
    use crate::model::RuleId;

    fn ids<T: Ord + std::fmt::Debug>(of: fn(&str) -> T, least: usize) -> impl Strategy<Value = BTreeSet<T>> {
        subsequence(vec!["a", "b", "c"], least..=3).prop_map(move |ids| ids.into_iter().map(of).collect())
    }

    fn choice<T: Ord + std::fmt::Debug>(of: fn(&str) -> T) -> impl Strategy<Value = Choice<T>> {
        (ids(of, 0), ids(of, 0)).prop_map(|(include, exclude)| Choice { include, exclude })
    }

    fn conditions() -> impl Strategy<Value = Conditions> {
        let network = prop_oneof![
            Just(Network::Anywhere),
            ids(ZoneId::new, 1).prop_map(Network::In),
            ids(ZoneId::new, 1).prop_map(Network::NotIn),
        ];
        (choice(UserId::new), choice(GroupId::new), network).prop_map(|(users, groups, network)| Conditions {
            users,
            groups,
            network,
        })
    }

    fn rule() -> impl Strategy<Value = (PolicyKind, Rule)> {
        let kinds = vec![PolicyKind::SignOn, PolicyKind::Access, PolicyKind::Enrolment];
        let of_kind = |kind| {
            let status = select(vec![PolicyStatus::Active, PolicyStatus::Inactive]);
            let parts = (".{1,50}", 1_u32..90, status, conditions(), action_shape::tests::actions(kind));
            parts.prop_map(move |(name, priority, status, conditions, actions)| {
                let rule = Rule {
                    id: RuleId::new("0pr"),
                    name,
                    priority,
                    status,
                    system: false,
                    conditions,
                    actions,
                    created: DateTime::UNIX_EPOCH,
                    last_updated: DateTime::UNIX_EPOCH,
                };
                (kind, rule)
            })
        };
        select(kinds).prop_flat_map(of_kind)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again((kind, rule) in rule(), system in any::<bool>()) {
            let conditions = if system { Conditions::default() } else { rule.conditions.clone() };
            let rule = Rule { system, conditions, ..rule };
            let written = document(kind, &rule);
            let read = read(written.as_object().unwrap().clone(), kind, PolicyStatus::Active).unwrap();
            let last = system && kind == PolicyKind::Access;
            let expected = NewRule {
                name: rule.name,
                priority: Some(if last { CATCH_ALL + 1 } else { rule.priority }),
                status: rule.status,
                conditions: rule.conditions,
                actions: rule.actions,
            };
            prop_assert_eq!(read, expected);
        }
    }
}
