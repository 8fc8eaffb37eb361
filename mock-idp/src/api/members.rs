//! Reading a JSON object member by member, strictly: what says something that the org doesn't do is refused by name.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ApiError;

/// The members of an object that have not been read yet.
#[derive(Debug)]
pub(super) struct Members {
    /// Where the object stands, as Okta's errors name it; empty for the body itself.
    path: String,
    map: Map<String, Value>,
}

impl Members {
    pub(super) fn of_body(map: Map<String, Value>) -> Self {
        Self { path: String::new(), map }
    }

    /// A member's name, as errors say it.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Leaves aside what Okta itself writes there, so that what was read can be sent back.
    pub(super) fn leave(&mut self, names: &[&str]) {
        for name in names {
            self.map.remove(*name);
        }
    }

    /// A member; `null` is as good as none.
    pub(super) fn read<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ApiError> {
        match self.map.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value).map(Some).map_err(|_| ApiError::malformed()),
        }
    }

    /// A member that must be there.
    pub(super) fn need<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ApiError> {
        let found = self.read(name)?;
        found.ok_or_else(|| self.refuse(name, "The field cannot be left blank"))
    }

    /// A set; empty when absent.
    pub(super) fn set(&mut self, name: &str) -> Result<BTreeSet<String>, ApiError> {
        Ok(self.read(name)?.unwrap_or_default())
    }

    /// An object, if it is there.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        let path = self.path(name);
        Ok(self.read::<Map<String, Value>>(name)?.map(|map| Self { path, map }))
    }

    /// An object; an empty one when absent.
    pub(super) fn object_or_empty(&mut self, name: &str) -> Result<Self, ApiError> {
        let empty = Self { path: self.path(name), map: Map::new() };
        Ok(self.object(name)?.unwrap_or(empty))
    }

    /// A list of objects; empty when absent.
    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Self>, ApiError> {
        let path = self.path(name);
        let list: Vec<Map<String, Value>> = self.read(name)?.unwrap_or_default();
        Ok(list.into_iter().map(|map| Self { path: path.clone(), map }).collect())
    }

    /// Refuses what was read as this member.
    pub(super) fn refuse(&self, name: &str, reason: &str) -> ApiError {
        ApiError::invalid(&self.path(name), reason)
    }

    /// Refuses what has not been read, unless it leaves everything open.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        match self.map.iter().find(|(_, value)| !leaves_open(value)) {
            Some((name, _)) => Err(self.refuse(name, "Not supported by this org")),
            None => Ok(()),
        }
    }
}

/// Whether a value restricts nothing: `null`, `ANY`, or a list or an object of nothing else.
fn leaves_open(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text == "ANY",
        Value::Array(items) => items.iter().all(leaves_open),
        Value::Object(members) => members.values().all(leaves_open),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_leaves_everything_open_may_stay_unread() {
        for (value, open) in [
            (json!(null), true),
            (json!({"level": "ANY"}), true),
            (json!({"include": [], "exclude": []}), true),
            (json!({"include": [{"type": "ANY", "os": {"type": "ANY"}}]}), true),
            (json!({"level": "HIGH"}), false),
            (json!({"include": ["otyabc"]}), false),
            (json!({"registered": false}), false),
            (json!(0), false),
            (json!(""), false),
        ] {
            assert_eq!(leaves_open(&value), open, "{value}");
        }
    }
}
