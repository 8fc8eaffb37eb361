//! What actions found, for later rules: `actions.ngrok.restrict_ips.action`.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// What one action found, under the name by which expressions ask for it.
#[derive(Clone, PartialEq)]
pub struct ActionResult {
    /// The name: `restrict_ips`.
    pub action: &'static str,
    /// The members: `{"action": "allow", …}`.
    pub members: Value,
}

/// The results of an exchange's actions. Of an action that ran twice the last one counts.
#[derive(Clone, Default)]
pub struct Results {
    by_action: BTreeMap<&'static str, Value>,
}

impl Results {
    /// Remembers what an action found.
    pub fn record(&mut self, result: ActionResult) {
        self.by_action.insert(result.action, result.members);
    }

    /// What an action found last, if it ran.
    pub fn of(&self, action: &str) -> Option<&Value> {
        self.by_action.get(action)
    }
}

// Tokens and names of people are among what actions find, so only the actions are shown.
impl fmt::Debug for ActionResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ActionResult").field(&self.action).finish()
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_action.keys()).finish()
    }
}

/// The error that results have when nothing went wrong.
pub(crate) fn no_error() -> Value {
    serde_json::json!({ "code": "", "message": "" })
}

/// The error of a denial.
pub(crate) fn error(code: Option<u16>, message: &str) -> Value {
    let code = code.map_or(String::new(), |code| format!("ERR_NGROK_{code}"));
    serde_json::json!({ "code": code, "message": message })
}
