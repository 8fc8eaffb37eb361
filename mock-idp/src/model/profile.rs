//! What is known about a user.

use serde_json::{Map, Value};

use super::ModelError;

/// A user's profile: Okta's base attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The username, in the form of an e-mail address; unique in the org whatever its letter case.
    pub login: String,
    /// The e-mail address.
    pub email: String,
    /// The given name; may be empty.
    pub first_name: String,
    /// The family name; may be empty.
    pub last_name: String,
    /// Okta's other base attributes (`mobilePhone`, `locale`, …) as far as they are set; all are texts.
    pub others: Map<String, Value>,
}

/// Okta's base attributes beside the four that have fields.
const OTHERS: &[&str] = &[
    "city",
    "costCenter",
    "countryCode",
    "department",
    "displayName",
    "division",
    "employeeNumber",
    "honorificPrefix",
    "honorificSuffix",
    "locale",
    "manager",
    "managerId",
    "middleName",
    "mobilePhone",
    "nickName",
    "organization",
    "postalAddress",
    "preferredLanguage",
    "primaryPhone",
    "profileUrl",
    "secondEmail",
    "state",
    "streetAddress",
    "timezone",
    "title",
    "userType",
    "zipCode",
];

impl Profile {
    /// A profile whose e-mail address is the login.
    pub fn new(login: &str, first_name: &str, last_name: &str) -> Self {
        Self {
            login: login.to_owned(),
            email: login.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            others: Map::new(),
        }
    }

    /// A profile of Okta's member names. `login` and `email` are required.
    ///
    /// # Errors
    /// When a member is unknown or not a text.
    pub fn of_members(members: &Map<String, Value>) -> Result<Self, ModelError> {
        Self::new("", "", "").merged(members)
    }

    /// This profile with the members given by Okta's names set, or removed where they are null.
    ///
    /// # Errors
    /// When a member is unknown or not a text.
    pub fn merged(mut self, members: &Map<String, Value>) -> Result<Self, ModelError> {
        for (name, value) in members {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                _ => return Err(ModelError::invalid("profile", format!("{name} must be a string"))),
            };
            match name.as_str() {
                "login" => self.login = text,
                "email" => self.email = text,
                "firstName" => self.first_name = text,
                "lastName" => self.last_name = text,
                other if !OTHERS.contains(&other) => {
                    let reason = format!("Property name(s) do(es) not exist or is read only: {other}");
                    return Err(ModelError::invalid("profile", reason));
                }
                other if text.is_empty() => drop(self.others.shift_remove(other)),
                other => drop(self.others.insert(other.to_owned(), text.into())),
            }
        }
        Ok(self)
    }

    /// The members by Okta's names.
    pub fn members(&self) -> Map<String, Value> {
        let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        let mut members = Map::new();
        members.insert("firstName".into(), text(&self.first_name));
        members.insert("lastName".into(), text(&self.last_name));
        members.insert("mobilePhone".into(), Value::Null);
        members.insert("secondEmail".into(), Value::Null);
        members.insert("login".into(), text(&self.login));
        members.insert("email".into(), text(&self.email));
        members.extend(self.others.clone());
        members
    }

    /// The name that people see: `displayName`, else first and last name, else the login.
    pub fn display_name(&self) -> String {
        if let Some(name) = self.other("displayName") {
            return name.to_owned();
        }
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.login.clone(),
            name => name.to_owned(),
        }
    }

    /// One of the other attributes, if set.
    pub fn other(&self, name: &str) -> Option<&str> {
        self.others.get(name).and_then(Value::as_str)
    }

    pub(super) fn check(&self) -> Result<(), ModelError> {
        if !(5..=100).contains(&self.login.len()) || !is_email(&self.login) {
            return Err(ModelError::invalid("login", "Username must be in the form of an email address"));
        }
        if !(5..=100).contains(&self.email.len()) || !is_email(&self.email) {
            return Err(ModelError::invalid("email", "Does not match required pattern"));
        }
        for (field, name) in [("firstName", &self.first_name), ("lastName", &self.last_name)] {
            if name.chars().count() > 50 || name.chars().any(char::is_control) {
                return Err(ModelError::invalid(field, "Must be 1 to 50 characters long"));
            }
        }
        Ok(())
    }
}

fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.split_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain) && !domain.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn members(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn members_are_set_removed_and_refused_by_name() {
        let alice = Profile::new("alice@acme.test", "Alice", "Archer");
        let changed = members(&json!({"nickName": "Al", "lastName": null}));
        let merged = alice.clone().merged(&changed).unwrap();
        assert_eq!((merged.display_name(), merged.other("nickName")), ("Alice".into(), Some("Al")));
        let removed = merged.merged(&members(&json!({"nickName": null}))).unwrap();
        assert_eq!(removed.other("nickName"), None);
        assert!(alice.clone().merged(&members(&json!({"shoeSize": "44"}))).is_err());
        assert!(alice.merged(&members(&json!({"city": 7}))).is_err());
    }

    #[test]
    fn logins_have_the_form_of_an_address() {
        for login in
            ["alice", "a@", "@acme.test", "al ice@acme.test", "a@b@acme.test", "a@b", "a\n@acme.test"]
        {
            assert!(Profile::new(login, "", "").check().is_err(), "{login:?}");
        }
        Profile::new("o'brien+x@acme.test", "", "").check().unwrap();
    }
}
