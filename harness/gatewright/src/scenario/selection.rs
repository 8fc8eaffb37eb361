//! Which scenarios to run.

use super::plan::Plan;
use super::tags::TagExpression;

/// Which of the scenarios to run; all of them unless something is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those whose tags are so.
    pub tags: Option<TagExpression>,
    /// Those whose id or title contains this text, in whatever case.
    pub text: Option<String>,
}

impl Selection {
    /// Whether this scenario is among them.
    pub fn includes(&self, plan: &Plan) -> bool {
        let tagged = self.tags.as_ref().is_none_or(|tags| tags.matches(&plan.tags));
        let contains = |text: &String| {
            let text = text.to_lowercase();
            plan.id.as_str().to_lowercase().contains(&text) || plan.title.to_lowercase().contains(&text)
        };
        tagged && self.text.as_ref().is_none_or(contains)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, ScenarioId, Tag};
    use crate::vocabulary::{OktaStep, Step};

    #[test]
    fn tags_and_text_select_together() {
        let mut scenario = Scenario::new("A suspended user is refused", [Step::Okta(OktaStep::BehavesAgain)]);
        scenario.tags.extend(Tag::new("login"));
        let plan = Plan::new(ScenarioId::from("sign-in/suspended"), None, scenario);
        let includes = |tags: Option<&str>, text: Option<&str>| {
            let tags = tags.map(|tags| tags.parse().unwrap());
            Selection { tags, text: text.map(str::to_owned) }.includes(&plan)
        };
        assert!(includes(None, None));
        assert!(includes(Some("login"), Some("SUSPENDED user")));
        assert!(includes(None, Some("sign-in/")));
        assert!(!includes(Some("not login"), Some("suspended")));
        assert!(!includes(Some("login"), Some("assigned")));
    }
}
