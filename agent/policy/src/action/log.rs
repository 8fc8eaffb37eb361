//! `log`.

use serde_json::{Map, Value as Json, json};

use crate::error::PolicyError;
use crate::expression::Template;
use crate::facts::{ActionResult, Facts};
use crate::reading::Value;

/// How many members a log's metadata may have.
const MAX_MEMBERS: usize = 50;

/// `log`: writes metadata into the exchange's events. It guards nothing, so it refuses nothing: what can't be evaluated
/// is written as such.
#[derive(Clone, Debug)]
pub struct Log {
    metadata: Vec<(String, Entry)>,
}

#[derive(Clone, Debug)]
enum Entry {
    Text(Template),
    Map(Vec<(String, Entry)>),
}

impl Log {
    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let metadata = entries(&members.required("metadata")?)?;
        members.finish()?;
        Ok(Self { metadata })
    }

    /// What is written; it is also the action's result.
    pub fn entry(&self, facts: &Facts<'_>) -> ActionResult {
        ActionResult { action: "log", members: json!({ "metadata": rendered(&self.metadata, facts) }) }
    }
}

fn entries(value: &Value<'_>) -> Result<Vec<(String, Entry)>, PolicyError> {
    let entries = value.entries(0..=MAX_MEMBERS)?;
    let read = |(name, value): (&str, Value<'_>)| {
        let entry = match value.is_map() {
            true => Entry::Map(self::entries(&value)?),
            false => Entry::Text(value.template()?),
        };
        Ok((name.to_owned(), entry))
    };
    entries.into_iter().map(read).collect()
}

fn rendered(entries: &[(String, Entry)], facts: &Facts<'_>) -> Map<String, Json> {
    let render = |(name, entry): &(String, Entry)| {
        let value = match entry {
            Entry::Text(template) => {
                Json::String(template.render(facts).unwrap_or_else(|error| format!("({error})")))
            }
            Entry::Map(entries) => Json::Object(rendered(entries, facts)),
        };
        (name.clone(), value)
    };
    entries.iter().map(render).collect()
}
