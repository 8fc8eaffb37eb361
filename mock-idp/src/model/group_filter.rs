//! Which of a person's groups a token names.

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Model, ModelError, UserId};

/// The most groups that a groups claim may name; more fail the request, as at Okta.
const MOST_GROUPS: usize = 100;

/// A groups claim would name more groups than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyGroups;

/// A claim that names those of a person's groups that a filter picks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupsClaim {
    /// The claim's name, `groups` as a rule.
    pub name: String,
    /// Which groups.
    pub filter: GroupFilter,
}

/// Picks groups by name.
#[derive(Clone, Debug)]
pub struct GroupFilter {
    kind: GroupFilterKind,
    value: String,
    /// What the value means, if it is a pattern.
    pattern: Option<Regex>,
}

/// How a group's name is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupFilterKind {
    /// It begins with the value.
    StartsWith,
    /// It is the value.
    Equals,
    /// It has the value in it.
    Contains,
    /// The value is a regular expression that fits all of it.
    Regex,
}

impl GroupFilter {
    /// A filter.
    ///
    /// # Errors
    /// When the value is blank, too long, or no regular expression where one is needed.
    pub fn new(kind: GroupFilterKind, value: &str) -> Result<Self, ModelError> {
        let wrong = |reason: &str| ModelError::invalid("value", reason);
        if value.trim().is_empty() || value.len() > 1024 {
            return Err(wrong("Must be 1 to 1024 characters long"));
        }
        let pattern = match kind {
            GroupFilterKind::Regex => {
                let whole = Regex::new(&format!("^(?:{value})$"));
                Some(whole.map_err(|_| wrong("The regular expression is not valid"))?)
            }
            _ => None,
        };
        Ok(Self { kind, value: value.to_owned(), pattern })
    }

    /// How names are compared.
    pub fn kind(&self) -> GroupFilterKind {
        self.kind
    }

    /// With what they are compared.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The names of those of a person's groups that it picks, as a claim; nothing when there are none.
    ///
    /// # Errors
    /// When there are more than a hundred.
    pub(crate) fn groups_of(&self, model: &Model, user: &UserId) -> Result<Option<Value>, TooManyGroups> {
        let groups = model.groups_of(user);
        let names = groups.iter().map(|group| &group.name).filter(|name| self.picks(name));
        let names: Vec<&String> = names.collect();
        match names.len() {
            0 => Ok(None),
            1..=MOST_GROUPS => Ok(Some(json!(names))),
            _ => Err(TooManyGroups),
        }
    }

    /// Whether it picks the group of this name.
    pub fn picks(&self, name: &str) -> bool {
        match self.kind {
            GroupFilterKind::StartsWith => name.starts_with(&self.value),
            GroupFilterKind::Equals => name == self.value,
            GroupFilterKind::Contains => name.contains(&self.value),
            GroupFilterKind::Regex => self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(name)),
        }
    }
}

impl PartialEq for GroupFilter {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.value) == (other.kind, &other.value)
    }
}

impl Eq for GroupFilter {}

/// A name for a claim of one's own.
pub(super) fn is_claim_name(name: &str) -> bool {
    const TAKEN: [&str; 18] = [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "nonce",
        "amr",
        "acr",
        "auth_time",
        "at_hash",
        "c_hash",
        "idp",
        "ver",
        "cid",
        "uid",
        "scp",
    ];
    (1..=100).contains(&name.len()) && !name.contains(char::is_whitespace) && !TAKEN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_picked_by_name() {
        let picked = |kind, value: &str| {
            let filter = GroupFilter::new(kind, value).unwrap();
            ["Everyone", "Eng", "Engineering", "eng"].into_iter().filter(|name| filter.picks(name)).count()
        };
        assert_eq!(picked(GroupFilterKind::StartsWith, "Eng"), 2);
        assert_eq!(picked(GroupFilterKind::Equals, "Eng"), 1);
        assert_eq!(picked(GroupFilterKind::Contains, "n"), 4);
        assert_eq!(picked(GroupFilterKind::Regex, ".*"), 4);
        assert_eq!(picked(GroupFilterKind::Regex, "Eng|eng"), 2, "all of the name");
        GroupFilter::new(GroupFilterKind::Regex, "(").unwrap_err();
        GroupFilter::new(GroupFilterKind::Equals, " ").unwrap_err();
    }
}
