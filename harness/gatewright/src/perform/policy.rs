//! Rules that come while a scenario goes on.

use crate::stage::World;
use crate::vocabulary::{NewRule, StepError};

impl World {
    pub(super) fn adds_a_rule(&self, rule: &NewRule) -> Result<(), StepError> {
        match rule {
            NewRule::Session(new) => self.add_session_rule(&new.session_rule),
            NewRule::App(new) => {
                let app = self.ids().apps.get(new.app.as_str());
                let app = app.ok_or_else(|| StepError::unmet(format!("the org has no app {}", new.app)))?;
                self.add_app_rule(&app.id, &new.rule)
            }
        }
    }
}
