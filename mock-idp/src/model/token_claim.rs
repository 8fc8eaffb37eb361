//! Claims of their own that custom authorization servers put into tokens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::log::{Entry, EventType};
use super::{
    AuthorizationServerId, Cause, ClaimId, GroupFilter, Model, ModelError, ServerName, ServerStatus,
    TooManyGroups, User,
};

/// A claim of a server's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaim {
    /// Its identifier.
    pub id: ClaimId,
    /// Its name in the token.
    pub name: String,
    /// Whether it is in use.
    pub status: ServerStatus,
    /// Which kind of token has it.
    pub token: TokenKind,
    /// What it says.
    pub value: ClaimValue,
    /// Whether an ID token has it even beside an access token or a code; else it is in userinfo then.
    pub always: bool,
    /// The scopes of which one must be granted; any will do when there are none.
    pub scopes: Vec<String>,
}

/// A kind of token, by Okta's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenKind {
    /// An access token.
    #[serde(rename = "RESOURCE")]
    Access,
    /// An ID token.
    #[serde(rename = "IDENTITY")]
    Id,
}

/// What a claim says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimValue {
    /// Something about the person.
    Expression(Expression),
    /// Those of the person's groups that a filter picks.
    Groups(GroupFilter),
}

/// A sum of texts and of attributes of the person: the part of Okta's expression language that this org speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Literal(String),
    /// `user.` and its name.
    Attribute(String),
}

const MOST_CLAIMS: usize = 100;

impl Expression {
    /// Reads `"text"`, `'text'`, `user.attribute`, and sums of these.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let wrong = || {
            let reason = "Only texts in quotes, user.attribute and sums of these are supported by this org";
            ModelError::invalid("value", reason)
        };
        let (mut terms, mut rest) = (Vec::new(), text.trim());
        loop {
            let (term, behind) = Term::parse(rest).filter(|_| text.len() <= 1024).ok_or_else(wrong)?;
            terms.push(term);
            match behind.trim_start().strip_prefix('+') {
                Some(behind) => rest = behind.trim_start(),
                None if behind.trim().is_empty() => return Ok(Self { text: text.to_owned(), terms }),
                None => return Err(wrong()),
            }
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says of a person; nothing when there is no person, or an attribute is not set.
    fn value(&self, person: Option<&Map<String, Value>>) -> Option<Value> {
        let value = |term: &Term| match term {
            Term::Literal(text) => Some(Value::from(text.clone())),
            Term::Attribute(name) => person?.get(name).filter(|value| !value.is_null()).cloned(),
        };
        if let [term] = self.terms.as_slice() {
            return value(term);
        }
        let texts = self.terms.iter().map(|term| match value(term)? {
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        });
        texts.collect::<Option<String>>().map(Value::from)
    }
}

impl Term {
    /// The term at the beginning of a text, and what follows it.
    fn parse(text: &str) -> Option<(Self, &str)> {
        if let Some(attribute) = text.strip_prefix("user.") {
            let end = attribute.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, rest) = attribute.split_at(end.unwrap_or(attribute.len()));
            return (!name.is_empty()).then(|| (Self::Attribute(name.to_owned()), rest));
        }
        let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (literal, rest) = text[1..].split_once(quote)?;
        Some((Self::Literal(literal.to_owned()), rest))
    }
}

impl TokenClaim {
    fn check(&self) -> Result<(), ModelError> {
        if !super::group_filter::is_claim_name(&self.name) {
            return Err(ModelError::invalid("name", "The name must be a claim's that is not taken"));
        }
        Ok(())
    }

    /// What it says in a token with these scopes; nothing when it doesn't belong there.
    ///
    /// # Errors
    /// When it would name too many groups.
    pub(crate) fn say(
        &self,
        model: &Model,
        granted: impl Fn(&str) -> bool,
        user: Option<&User>,
    ) -> Result<Option<Value>, TooManyGroups> {
        let granted = self.scopes.is_empty() || self.scopes.iter().any(|scope| granted(scope));
        if !granted || self.status != ServerStatus::Active {
            return Ok(None);
        }
        match (&self.value, user) {
            (ClaimValue::Expression(expression), user) => {
                Ok(expression.value(user.map(|user| user.profile.members()).as_ref()))
            }
            (ClaimValue::Groups(filter), Some(user)) => filter.groups_of(model, &user.id),
            (ClaimValue::Groups(_), None) => Ok(None),
        }
    }
}

impl Model {
    /// Adds a claim to a custom server, or changes the one of this id; `change` sets all but the id.
    ///
    /// # Errors
    /// When there is no such server or claim, or its name is another's of the same kind of token or not acceptable.
    pub fn put_claim(
        &self,
        server: &AuthorizationServerId,
        id: Option<&ClaimId>,
        cause: &Cause,
        change: impl FnOnce(&mut TokenClaim),
    ) -> Result<TokenClaim, ModelError> {
        let mut put = TokenClaim {
            id: ClaimId::mint(self.minting(), self.now()),
            name: String::new(),
            status: ServerStatus::Active,
            token: TokenKind::Access,
            value: ClaimValue::Expression(Expression { text: String::new(), terms: Vec::new() }),
            always: true,
            scopes: Vec::new(),
        };
        let changed = self.change_server(&ServerName::Custom(server.clone()), |server| {
            let place = id.map(|id| place_of(&server.claims, id)).transpose()?;
            if let Some(place) = place {
                put = server.claims[place].clone();
            }
            let own = put.id.clone();
            change(&mut put);
            put.id = own;
            put.check()?;
            let same = |other: &TokenClaim| other.name == put.name && other.token == put.token;
            if server.claims.iter().any(|other| same(other) && other.id != put.id) {
                return Err(ModelError::invalid("name", "A claim of this name exists already"));
            }
            if let Some(scope) = put.scopes.iter().find(|scope| server.scope(scope).is_none()) {
                return Err(ModelError::invalid("conditions", format!("There is no scope '{scope}'")));
            }
            match place {
                Some(place) => server.claims[place] = put.clone(),
                None if server.claims.len() >= MOST_CLAIMS => {
                    return Err(ModelError::Unsuitable("A server has at most 100 claims"));
                }
                None => server.claims.push(put.clone()),
            }
            Ok(())
        })?;
        let event = if id.is_some() { EventType::ClaimUpdate } else { EventType::ClaimCreate };
        self.log(Entry::of(event).to(changed.party()).with("claim", put.name.clone()), cause);
        Ok(put)
    }

    /// Takes a claim away from a custom server.
    ///
    /// # Errors
    /// When there is no such server or claim.
    pub fn delete_claim(
        &self,
        server: &AuthorizationServerId,
        id: &ClaimId,
        cause: &Cause,
    ) -> Result<(), ModelError> {
        let changed = self.change_server(&ServerName::Custom(server.clone()), |server| {
            let place = place_of(&server.claims, id)?;
            server.claims.remove(place);
            Ok(())
        })?;
        self.log(Entry::of(EventType::ClaimDelete).to(changed.party()), cause);
        Ok(())
    }
}

fn place_of(claims: &[TokenClaim], id: &ClaimId) -> Result<usize, ModelError> {
    let place = claims.iter().position(|claim| claim.id == *id);
    place.ok_or_else(|| ModelError::not_found("OAuth2Claim", id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn value(text: &str) -> Option<Value> {
        let person = json!({"login": "alice@acme.test", "firstName": "Alice", "city": null});
        Expression::parse(text).unwrap().value(person.as_object())
    }

    #[test]
    fn an_expression_speaks_of_a_person() {
        assert_eq!(value("user.login"), Some(json!("alice@acme.test")));
        assert_eq!(value(" 'blue' "), Some(json!("blue")));
        assert_eq!(value("user.firstName + \" at \" + 'ACME'"), Some(json!("Alice at ACME")));
        assert_eq!(value("user.city"), None);
        assert_eq!(value("'from ' + user.city"), None);
        assert_eq!(Expression::parse("user.login").unwrap().value(None), None);
        for wrong in
            ["", "user.", "user", "'open", "user.a +", "+ 'a'", "'a' 'b'", "appuser.userName", "1 + 1"]
        {
            assert!(Expression::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_parsed_or_refused(text in "[a-z.'\"+ ]{0,24}") {
            if let Ok(expression) = Expression::parse(&text) {
                prop_assert_eq!(expression.text(), text.as_str());
                prop_assert!(!expression.terms.is_empty());
            }
        }

        #[test]
        fn a_quoted_text_says_itself(text in "[^']{0,40}") {
            let expression = Expression::parse(&format!("'{text}'")).unwrap();
            prop_assert_eq!(expression.value(None), Some(Value::from(text)));
        }
    }
}
