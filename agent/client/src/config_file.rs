//! ngrok's configuration files, versions 2 and 3: read strictly, each mistake shown at its line and column.

mod edit;
mod nearest;
mod node;
mod path;
mod problem;
mod reader;
mod settings;
mod tunnel;

use std::path::Path;

use ground::Secret;
use serde_json::Value;

pub use self::edit::{EditError, with_api_key, with_authtoken};
use self::node::{Node, parse};
pub use self::path::default_path;
pub use self::problem::{FileProblems, Problem};
use self::reader::{Field, Reader};
pub use self::settings::{ConsoleUi, InspectDb, Roots, Settings, WebAddr};
use crate::definition::Definition;

/// What a configuration file says.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    /// The file's version, 2 or 3.
    pub version: u8,
    /// About the agent itself.
    pub settings: Settings,
    /// Its tunnels and endpoints, which `start` brings up.
    pub tunnels: Vec<Definition>,
}

impl ConfigFile {
    /// Reads a file that is there. An empty one says nothing.
    pub fn read(path: &Path) -> Result<Self, FileProblems> {
        let source = std::fs::read_to_string(path)
            .map_err(|error| FileProblems::whole(path, format!("the file can't be read: {error}")))?;
        Self::parse(path, &source)
    }

    /// Reads what a file holds; `path` names it in errors.
    pub fn parse(path: &Path, source: &str) -> Result<Self, FileProblems> {
        let wrong = |problems| FileProblems { path: path.to_owned(), source: source.to_owned(), problems };
        let root = parse(source).map_err(|problem| wrong(vec![problem]))?;
        let mut reader = Reader::default();
        let read = file(&mut reader, &root);
        match (read, reader.into_problems()) {
            (Some(file), problems) if problems.is_empty() => Ok(file),
            (_, problems) => Err(wrong(problems)),
        }
    }

    /// What this file and a later one say together: the later one has the last word.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.version = self.version.max(later.version);
        self.settings = self.settings.and(later.settings);
        for tunnel in later.tunnels {
            self.tunnels.retain(|earlier| earlier.name != tunnel.name);
            self.tunnels.push(tunnel);
        }
        self
    }

    /// Every secret in it, for whoever keeps them out of sight.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let tunnels = self.tunnels.iter().flat_map(Definition::secrets);
        self.settings.authtoken.iter().chain(&self.settings.api_key).chain(tunnels)
    }
}

/// A tunnel as the local API is asked for it (`POST /api/tunnels`); what is wrong with it in words.
pub(crate) fn tunnel_of_json(value: &Value) -> Result<Definition, String> {
    of_json(value, |reader, field| tunnel::tunnel(reader, field, None))
}

/// An endpoint as the local API is asked for it (`POST /api/endpoints`); what is wrong with it in words.
pub(crate) fn endpoint_of_json(value: &Value) -> Result<Definition, String> {
    of_json(value, tunnel::endpoint)
}

fn of_json(
    value: &Value,
    read: impl FnOnce(&mut Reader, Field<'_>) -> Option<Definition>,
) -> Result<Definition, String> {
    let (node, mut reader) = (Node::of_json(value), Reader::default());
    let definition = read(&mut reader, Field { name: "tunnel", node: &node });
    let problems: Vec<_> = reader.into_problems().iter().map(Problem::in_words).collect();
    match definition {
        Some(definition) if problems.is_empty() => Ok(definition),
        _ => Err(problems.join("\n")),
    }
}

const VERSIONS: &str = "version: 2 or version: 3";

fn file(reader: &mut Reader, root: &Node) -> Option<ConfigFile> {
    if matches!(root.content, node::Content::Nothing) {
        return Some(ConfigFile { version: 3, ..ConfigFile::default() });
    }
    let mut fields = reader.fields(Field { name: "file", node: root })?;
    let Some(version) = fields.take("version") else {
        let at = root.at.start..root.at.start;
        reader.add(Problem::new(at, "the file has no version", format!("begin it with {VERSIONS}")));
        return None;
    };
    let number = match version.node.text() {
        Some("2") => 2,
        Some("3") => 3,
        _ => return reader.misfit(version, VERSIONS),
    };
    let mut file = ConfigFile { version: number, ..ConfigFile::default() };
    if number == 2 {
        settings::version_2(reader, &mut fields, &mut file.settings);
    } else {
        if let Some(agent) = fields.take("agent") {
            file.settings = settings::version_3(reader, agent).unwrap_or_default();
        }
        if let Some(endpoints) = fields.take("endpoints") {
            let items = reader.items(endpoints);
            file.tunnels.extend(items.into_iter().filter_map(|item| tunnel::endpoint(reader, item)));
        }
    }
    if let Some(tunnels) = fields.take("tunnels") {
        for (name, node) in reader.entries(tunnels) {
            let field = Field { name: "tunnels", node };
            file.tunnels.extend(tunnel::tunnel(reader, field, Some(name)));
        }
    }
    reader.close(
        fields,
        if number == 2 { "a configuration of version 2" } else { "a configuration of version 3" },
    );
    one_name_each(reader, &file.tunnels, root);
    Some(file)
}

fn one_name_each(reader: &mut Reader, tunnels: &[Definition], root: &Node) {
    for (number, tunnel) in tunnels.iter().enumerate() {
        if tunnels[..number].iter().any(|earlier| earlier.name == tunnel.name) {
            let what = format!("two tunnels are named `{}`", tunnel.name);
            reader.add(Problem::new(root.at.start..root.at.start, what, ""));
        }
    }
}

#[cfg(test)]
mod tests;
