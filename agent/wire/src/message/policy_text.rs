use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// A traffic policy as its author wrote it, JSON or YAML. It may hold secrets, so that `Debug` tells its length alone.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyText(String);

impl Deref for PolicyText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for PolicyText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for PolicyText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a policy of {} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::HttpOptions;

    #[test]
    fn what_is_debugged_shows_no_policy() {
        let policy = PolicyText::from("client_secret: hush");
        let options = HttpOptions { traffic_policy: Some(policy), ..HttpOptions::default() };
        let shown = format!("{options:?}");
        assert!(shown.contains("a policy of 19 bytes") && !shown.contains("hush"), "{shown}");
    }
}
