//! Okta's filter expressions (`status eq "ACTIVE" and profile.lastName sw "A"`), evaluated over the JSON that the API
//! would show.

use std::cmp::Ordering;

use chrono::DateTime;
use serde_json::Value;

use super::ApiError;

/// A parsed expression.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Compare { path: String, operator: Operator, value: String },
    Present { path: String },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    StartsWith,
    EndsWith,
    Contains,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Deeper nesting is nobody's filter.
const MAX_DEPTH: usize = 8;

impl Filter {
    /// # Errors
    /// E0000031 when it is not one.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut parser = Parser { rest: text.trim_start(), depth: 0 };
        match parser.any() {
            Some(filter) if parser.rest.is_empty() => Ok(filter),
            _ => Err(ApiError::invalid_search()),
        }
    }

    /// The same, of an expression that may speak of these paths alone.
    ///
    /// # Errors
    /// E0000031 when it is not one, or speaks of others.
    pub(super) fn parse_of(text: &str, paths: &[&str]) -> Result<Self, ApiError> {
        let filter = Self::parse(text)?;
        if filter.speaks_of(&|path| paths.contains(&path)) {
            Ok(filter)
        } else {
            Err(ApiError::invalid_search())
        }
    }

    fn speaks_of(&self, known: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Any(filters) | Self::All(filters) => filters.iter().all(|filter| filter.speaks_of(known)),
            Self::Not(filter) => filter.speaks_of(known),
            Self::Present { path } | Self::Compare { path, .. } => known(path),
        }
    }

    /// The values that it compares what stands at this path with.
    pub(super) fn values_of(&self, at: &str) -> Vec<&str> {
        match self {
            Self::Any(filters) | Self::All(filters) => {
                filters.iter().flat_map(|filter| filter.values_of(at)).collect()
            }
            Self::Not(filter) => filter.values_of(at),
            Self::Compare { path, value, .. } if path == at => vec![value],
            Self::Compare { .. } | Self::Present { .. } => Vec::new(),
        }
    }

    pub(super) fn accepts(&self, thing: &Value) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|filter| filter.accepts(thing)),
            Self::All(filters) => filters.iter().all(|filter| filter.accepts(thing)),
            Self::Not(filter) => !filter.accepts(thing),
            Self::Present { path } => !values(thing, path).is_empty(),
            Self::Compare { path, operator: Operator::NotEqual, value } => {
                !values(thing, path).iter().any(|found| found == value)
            }
            Self::Compare { path, operator, value } => {
                values(thing, path).iter().any(|found| operator.holds(found, value))
            }
        }
    }
}

impl Operator {
    /// Texts compare as texts, moments and numbers by what they mean.
    fn holds(self, found: &str, value: &str) -> bool {
        match self {
            Self::Equal => found == value,
            Self::NotEqual => found != value,
            Self::StartsWith => found.to_lowercase().starts_with(&value.to_lowercase()),
            Self::EndsWith => found.to_lowercase().ends_with(&value.to_lowercase()),
            Self::Contains => found.to_lowercase().contains(&value.to_lowercase()),
            Self::Greater => order(found, value).is_gt(),
            Self::GreaterOrEqual => order(found, value).is_ge(),
            Self::Less => order(found, value).is_lt(),
            Self::LessOrEqual => order(found, value).is_le(),
        }
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "sw" => Self::StartsWith,
            "ew" => Self::EndsWith,
            "co" => Self::Contains,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            _ => return None,
        })
    }
}

fn order(found: &str, value: &str) -> Ordering {
    if let (Ok(found), Ok(value)) = (DateTime::parse_from_rfc3339(found), DateTime::parse_from_rfc3339(value))
    {
        return found.cmp(&value);
    }
    if let (Ok(found), Ok(value)) = (found.parse::<i64>(), value.parse::<i64>()) {
        return found.cmp(&value);
    }
    found.cmp(value)
}

/// The texts at a dotted path; an array stands for each of its members.
fn values(thing: &Value, path: &str) -> Vec<String> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match (thing, rest) {
        (Value::Array(members), _) => members.iter().flat_map(|member| values(member, path)).collect(),
        (Value::Object(members), Some(rest)) => {
            members.get(name).map_or_else(Vec::new, |inner| values(inner, rest))
        }
        (Value::Object(members), None) => members.get(name).map_or_else(Vec::new, texts),
        _ => Vec::new(),
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(truth) => vec![truth.to_string()],
        Value::Array(members) => members.iter().flat_map(texts).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<Filter> {
        let mut filters = vec![self.all()?];
        while self.word("or") {
            filters.push(self.all()?);
        }
        Some(if filters.len() == 1 { filters.swap_remove(0) } else { Filter::Any(filters) })
    }

    fn all(&mut self) -> Option<Filter> {
        let mut filters = vec![self.one()?];
        while self.word("and") {
            filters.push(self.one()?);
        }
        Some(if filters.len() == 1 { filters.swap_remove(0) } else { Filter::All(filters) })
    }

    fn one(&mut self) -> Option<Filter> {
        if self.sign('(') {
            return self.nested(|parser| {
                let inner = parser.any()?;
                parser.sign(')').then_some(inner)
            });
        }
        if self.word("not") {
            return self.nested(Self::one).map(|inner| Filter::Not(Box::new(inner)));
        }
        let path = self.name()?.to_owned();
        let operator = self.name()?;
        if operator.eq_ignore_ascii_case("pr") {
            return Some(Filter::Present { path });
        }
        let operator = Operator::named(operator)?;
        Some(Filter::Compare { path, operator, value: self.value()? })
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Option<Filter>) -> Option<Filter> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let found = inner(self)?;
        self.depth -= 1;
        Some(found)
    }

    fn name(&mut self) -> Option<&str> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        (!name.is_empty()).then_some(name)
    }

    /// A quoted text with JSON's escapes, or `true`, `false` or a number.
    fn value(&mut self) -> Option<String> {
        if !self.rest.starts_with('"') {
            return self.name().map(str::to_owned);
        }
        let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let text = texts.next()?.ok()?;
        self.rest = self.rest.get(texts.byte_offset()..)?.trim_start();
        Some(text)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && self.rest[word.len()..].starts_with([' ', '(']);
        if found {
            self.rest = self.rest[word.len()..].trim_start();
        }
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn expressions_are_evaluated_over_what_the_api_shows() {
        let user = json!({
            "status": "ACTIVE", "created": "2026-01-02T00:00:00.000Z",
            "count": 10, "profile": {"login": "al\"ice@acme.test", "lastName": "Archer"}, "target": [{"id": "a"}, {"id": "b"}],
        });
        for (expression, expected) in [
            (r#"status eq "ACTIVE""#, true),
            (r#"status eq "active""#, false),
            (r#"status ne "ACTIVE""#, false),
            (r#"profile.login eq "al\"ice@acme.test""#, true),
            (r#"profile.lastName sw "arch" and status eq "ACTIVE""#, true),
            (r#"status eq "X" or profile.lastName co "CHER""#, true),
            (r#"status eq "X" or status eq "Y" and profile.lastName pr"#, false),
            (r#"(status eq "X" or profile.lastName pr) and target.id eq "b""#, true),
            (r#"target.id eq "c""#, false),
            (r#"created gt "2026-01-01T00:00:00.000Z""#, true),
            (r#"created ge "2026-01-02T00:00:00Z" and created le "2026-01-02T01:00:00+01:00""#, true),
            (r#"created lt "2026-01-02T00:00:00Z""#, false),
            (r#"count gt 9 and count lt "100""#, true),
            (r#"profile.lastName ew "CHER""#, true),
            (r#"not (status eq "ACTIVE")"#, false),
            (r#"status pr and not profile.firstName pr"#, true),
            (r#"profile.firstName pr"#, false),
        ] {
            assert_eq!(Filter::parse(expression).unwrap().accepts(&user), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let deep = format!("{}a pr{}", "(".repeat(9), ")".repeat(9));
        let denied = format!("{}a pr", "not ".repeat(9));
        for text in [
            "",
            "status",
            "status eq",
            r#"status eq "A"#,
            r#"status is "A""#,
            "a pr b",
            "(a pr",
            "a pr)",
            &deep,
            &denied,
            "not",
        ] {
            assert_eq!(Filter::parse(text), Err(ApiError::invalid_search()), "{text}");
        }
    }

    #[test]
    fn a_list_may_know_some_members_alone() {
        Filter::parse_of(r#"id eq "a" or (usage eq "X" and system eq true)"#, &["id", "usage", "system"])
            .unwrap();
        Filter::parse_of(r#"id eq "a" or (name pr)"#, &["id"]).unwrap_err();
    }

    proptest! {
        #[test]
        fn whatever_comes_is_parsed_or_refused(text in "[a-z. ()\"\\\\é]{0,60}") {
            let _ = Filter::parse(&text);
        }
    }
}
