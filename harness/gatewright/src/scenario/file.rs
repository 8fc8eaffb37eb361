//! One scenario file, from its text to a plan.

use std::path::Path;

use super::content::Scenario;
use super::plan::{Plan, ScenarioId};
use crate::vocabulary::Kind;
use crate::vocabulary::argument::Argument;
use crate::vocabulary::reading::{self, Content, Node, Problem, Reader};

/// Reads a scenario; every problem of the file otherwise, from its beginning to its end.
pub fn read(id: ScenarioId, file: &Path, source: &str) -> Result<Plan, Vec<Problem>> {
    let document = reading::parse(source).map_err(|problem| vec![problem])?;
    if matches!(document.content, Content::Nothing) {
        return Err(vec![Problem::new(0..0, "the file is empty", "expected a scenario")]);
    }
    let mut reader = Reader::new(source);
    make_names_known(&document, &mut reader);
    let scenario = Scenario::read(&document, &mut reader);
    let problems = reader.into_problems();
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(Plan::new(id, Some(file.to_owned()), scenario)),
        _ => Err(problems),
    }
}

/// Makes every name known that the scenario's beginning gives, wherever it stands: an app may be assigned before the
/// group is written. Whether the names are right is seen when they are read.
fn make_names_known(document: &Node, reader: &mut Reader<'_>) {
    let given = |path: &[&str]| path.iter().try_fold(document, |node, key| member(node, key));
    let keyed: [(&[&str], &[Kind]); 7] = [
        (&["given", "okta", "users"], &[Kind::User, Kind::Person]),
        (&["given", "okta", "zones"], &[Kind::Zone]),
        (&["given", "okta", "apps"], &[Kind::App]),
        (&["given", "edge", "accounts"], &[Kind::Account, Kind::Person]),
        (&["given", "edges"], &[Kind::Edge]),
        (&["given", "upstreams"], &[Kind::Upstream]),
        (&["given", "tunnels"], &[Kind::Tunnel, Kind::Agent]),
    ];
    for (path, kinds) in keyed {
        let entries = given(path).and_then(Node::map).unwrap_or_default();
        for name in entries.iter().filter_map(|(key, _)| key.text()) {
            kinds.iter().for_each(|kind| reader.names.declare(*kind, name));
        }
    }
    let users = given(&["given", "okta", "users"]).and_then(Node::map).unwrap_or_default();
    let memberships = users.iter().filter_map(|(_, user)| member(user, "groups"));
    for group in memberships.chain(given(&["given", "okta", "groups"])).flat_map(texts) {
        reader.names.declare(Kind::Group, group);
    }
    for person in given(&["given", "people"]).into_iter().flat_map(texts) {
        reader.names.declare(Kind::Person, person);
    }
}

fn member<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.map()?.iter().find(|(each, _)| each.text() == Some(key)).map(|(_, value)| value)
}

/// The text, or the texts of a list.
fn texts(node: &Node) -> impl Iterator<Item = &str> {
    let items = node.list().unwrap_or(std::slice::from_ref(node));
    items.iter().filter_map(Node::text)
}

#[cfg(test)]
mod tests;
