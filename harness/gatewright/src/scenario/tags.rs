//! A small language about tags: `slow and not browser or walkthrough`.

use std::fmt;
use std::str::FromStr;

use super::plan::Tag;

/// An expression over tags: words, `not`, `and`, `or` and parentheses, `not` binding strongest and `or` weakest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagExpression(Expression);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expression {
    Tag(Tag),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

/// Why a text is no expression over tags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {at}: expected {expected}")]
pub struct TagExpressionError {
    /// What stands there.
    what: String,
    /// What should.
    expected: &'static str,
    /// Where, counted from 1.
    at: usize,
}

/// How deep parentheses and `not` may stand in each other.
const DEPTH: usize = 64;

impl TagExpression {
    /// Whether a scenario with these tags is meant.
    pub fn matches(&self, tags: &[Tag]) -> bool {
        self.0.matches(tags)
    }
}

impl Expression {
    fn matches(&self, tags: &[Tag]) -> bool {
        match self {
            Self::Tag(tag) => tags.contains(tag),
            Self::Not(inner) => !inner.matches(tags),
            Self::And(one, other) => one.matches(tags) && other.matches(tags),
            Self::Or(one, other) => one.matches(tags) || other.matches(tags),
        }
    }
}

impl FromStr for TagExpression {
    type Err = TagExpressionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parser = Parser { rest: text, whole: text, depth: 0 };
        let expression = parser.any_of()?;
        match parser.peek() {
            "" => Ok(Self(expression)),
            _ => Err(parser.error("`and`, `or` or the end")),
        }
    }
}

struct Parser<'a> {
    whole: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// The next word or parenthesis; nothing at the end.
    fn peek(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let length = match self.rest.chars().next() {
            Some(c) if "()".contains(c) => c.len_utf8(),
            _ => self.rest.find(|c: char| c.is_whitespace() || "()".contains(c)).unwrap_or(self.rest.len()),
        };
        &self.rest[..length]
    }

    fn take(&mut self, expected: &str) -> bool {
        let next = self.peek();
        if next == expected {
            self.rest = &self.rest[next.len()..];
        }
        next == expected
    }

    fn any_of(&mut self) -> Result<Expression, TagExpressionError> {
        let mut expression = self.all_of()?;
        while self.take("or") {
            expression = Expression::Or(Box::new(expression), Box::new(self.all_of()?));
        }
        Ok(expression)
    }

    fn all_of(&mut self) -> Result<Expression, TagExpressionError> {
        let mut expression = self.one()?;
        while self.take("and") {
            expression = Expression::And(Box::new(expression), Box::new(self.one()?));
        }
        Ok(expression)
    }

    fn one(&mut self) -> Result<Expression, TagExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error("an expression that is less deep"));
        }
        let expression = if self.take("not") {
            Expression::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let inner = self.any_of()?;
            if !self.take(")") {
                return Err(self.error("`)`"));
            }
            inner
        } else {
            let word = self.peek();
            let Some(tag) = Tag::new(word) else { return Err(self.error("a tag, `not` or `(`")) };
            self.rest = &self.rest[word.len()..];
            Expression::Tag(tag)
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn error(&mut self, expected: &'static str) -> TagExpressionError {
        let what = match self.peek() {
            "" => "nothing more".to_owned(),
            word => format!("`{word}`"),
        };
        let before = &self.whole[..self.whole.len() - self.rest.len()];
        TagExpressionError { what, expected, at: before.chars().count() + 1 }
    }
}

/// As it could be written, with every pair of parentheses.
impl fmt::Display for TagExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, "{tag}"),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::And(one, other) => write!(f, "({one} and {other})"),
            Self::Or(one, other) => write!(f, "({one} or {other})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(words: &str) -> Vec<Tag> {
        words.split_whitespace().filter_map(Tag::new).collect()
    }

    #[test]
    fn not_binds_strongest_and_or_weakest() {
        let parsed = |text: &str| text.parse::<TagExpression>().unwrap().to_string();
        assert_eq!(parsed("a and not b or c"), "((a and not b) or c)");
        assert_eq!(parsed("a or b and c"), "(a or (b and c))");
        assert_eq!(parsed("not (a or b)and(c)"), "(not (a or b) and c)");
    }

    #[test]
    fn an_expression_selects_by_the_tags() {
        let expression: TagExpression = "login and not (slow or browser)".parse().unwrap();
        assert!(expression.matches(&tags("login gate")));
        assert!(!expression.matches(&tags("login slow")));
        assert!(!expression.matches(&tags("gate")));
    }

    #[test]
    fn what_is_no_expression_says_where_and_what_was_expected() {
        let said = |text: &&str| text.parse::<TagExpression>().unwrap_err().to_string();
        let texts = ["", "a b", "a and", "(a or b", "not Ä", "a)", "and", "héé"];
        insta::assert_snapshot!(texts.iter().map(said).collect::<Vec<_>>().join("\n"), @r"
        nothing more at character 1: expected a tag, `not` or `(`
        `b` at character 3: expected `and`, `or` or the end
        nothing more at character 6: expected a tag, `not` or `(`
        nothing more at character 8: expected `)`
        `Ä` at character 5: expected a tag, `not` or `(`
        `)` at character 2: expected `and`, `or` or the end
        `and` at character 1: expected a tag, `not` or `(`
        `héé` at character 1: expected a tag, `not` or `(`
        ");
    }

    proptest! {
        #[test]
        fn what_it_writes_it_reads_alike(text in "(a|b|not |and |or |\\(|\\)| ){0,12}") {
            if let Ok(expression) = text.parse::<TagExpression>() {
                prop_assert_eq!(expression.to_string().parse::<TagExpression>(), Ok(expression));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = text.parse::<TagExpression>();
        }

        #[test]
        fn nor_does_depth(depth in 0_usize..100_000) {
            prop_assert_eq!("(".repeat(depth).parse::<TagExpression>().is_ok(), false);
        }
    }
}
