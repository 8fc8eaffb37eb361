//! Expressions in CEL, and texts in which they are interpolated.
//!
//! They are compiled, and their variables and functions checked, when the policy is parsed: a name that does not exist,
//! or that this edge does not offer (`conn.geo`, …), is refused there. So is an expression that could take long: the
//! most work and the largest value that it can make are estimated beforehand.

mod check;
mod functions;
mod macros;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::LazyLock;

use std::sync::Arc;

use cel::{Context, Env, ExecutionError, IdedExpr};

use crate::facts::Facts;
use crate::policy::Phase;

pub use template::Template;

/// How long an expression may be, in bytes.
const MAX_BYTES: usize = 4096;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(macros::environment()));

/// A compiled expression.
#[derive(Clone)]
pub struct Expression {
    source: String,
    /// Its variables are resolved to whole names: `req.url.path` is one identifier.
    compiled: IdedExpr,
}

/// What is wrong with an expression; a sentence or more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(pub(crate) String);

/// Why an expression has no value, or not the one that it should have. It says no values of the request's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// It has to say true or false and does not.
    #[error("`{expression}` is neither true nor false")]
    NoBoolean {
        /// The expression, without the texts in it.
        expression: String,
    },
    /// Its evaluation failed.
    #[error("`{expression}` failed: {why}")]
    Failed {
        /// The expression, without the texts in it.
        expression: String,
        /// Why.
        why: String,
    },
}

impl Expression {
    /// Compiles an expression for a phase.
    pub fn parse(source: &str, phase: Phase) -> Result<Self, ExpressionError> {
        if source.len() > MAX_BYTES {
            return Err(ExpressionError(format!("It has more than {MAX_BYTES} bytes.")));
        }
        let program = ENVIRONMENT.compile(source).map_err(|errors| syntax_error(&errors.to_string()))?;
        let mut compiled = program.expression().clone();
        check::check(&mut compiled, phase).map_err(|what| {
            let mut letters = what.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase()).unwrap_or_default();
            let stop = if what.ends_with('?') { "" } else { "." };
            ExpressionError(format!("{first}{}{stop}", letters.as_str()))
        })?;
        Ok(Self { source: source.to_owned(), compiled })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is true.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, EvaluationError> {
        match self.value(facts)? {
            cel::Value::Bool(holds) => Ok(holds),
            _ => Err(EvaluationError::NoBoolean { expression: masked(&self.source) }),
        }
    }

    /// Its value as text: text itself, numbers in decimal, times by RFC 3339, lists and maps in JSON, and null as
    /// nothing.
    pub fn text(&self, facts: &Facts<'_>) -> Result<String, EvaluationError> {
        let value = self.value(facts)?;
        match &value {
            cel::Value::String(text) => Ok(text.to_string()),
            cel::Value::Null => Ok(String::new()),
            cel::Value::Timestamp(time) => Ok(time.to_rfc3339()),
            cel::Value::Duration(duration) => Ok(format!("{}s", duration.num_milliseconds() as f64 / 1000.0)),
            cel::Value::Opaque(_) | cel::Value::Function(..) | cel::Value::Struct(_) => {
                Err(self.failed("it has no value that can be written"))
            }
            other => match other.json() {
                Ok(serde_json::Value::String(text)) => Ok(text),
                Ok(json) => Ok(json.to_string()),
                Err(_) => Err(self.failed("it has no value that can be written")),
            },
        }
    }

    /// Its value in JSON.
    pub(crate) fn json(&self, facts: &Facts<'_>) -> Result<serde_json::Value, EvaluationError> {
        let value = self.value(facts)?;
        value.json().map_err(|_| self.failed("it has no value that can be written"))
    }

    fn value(&self, facts: &Facts<'_>) -> Result<cel::Value, EvaluationError> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.set_variable_resolver(facts);
        context.resolve(&self.compiled).map_err(|error| self.failed(&reason(&error)))
    }

    fn failed(&self, why: &str) -> EvaluationError {
        EvaluationError::Failed { expression: masked(&self.source), why: why.to_owned() }
    }
}

/// What the parser says, without the expression, in which there may be secrets.
fn syntax_error(error: &str) -> ExpressionError {
    let line = error.lines().next().unwrap_or_default();
    let line = line.trim_start_matches("ERROR: ").trim_start_matches("<input>:");
    let (at, what) = line.split_once(": ").unwrap_or(("1:1", line));
    let column = at.split(':').nth(1).unwrap_or("1");
    let what = what.split(" expecting ").next().unwrap_or(what).trim_start_matches("Syntax error: ");
    ExpressionError(format!("It is no CEL at its column {column}: {what}."))
}

/// An expression as errors show it: the texts in it may be secrets.
fn masked(source: &str) -> String {
    let mut shown = String::new();
    let mut quote = None;
    let mut escaped = false;
    for letter in source.chars() {
        match quote {
            None => {
                shown.push(letter);
                quote = matches!(letter, '\'' | '"').then_some(letter);
            }
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(open) if letter == open => {
                shown.push('…');
                shown.push(letter);
                quote = None;
            }
            Some(_) => {}
        }
    }
    shown
}

/// Why it failed, without the values that were involved: they may be secrets.
fn reason(error: &ExecutionError) -> String {
    match error {
        ExecutionError::UndeclaredReference(name) => {
            format!("`{}` is not there, or too large", name.trim_start_matches('?'))
        }
        ExecutionError::NoSuchKey(name) => format!("there is no `{name}`"),
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::IndexOutOfBounds(_) => "a list has no such item".to_owned(),
        ExecutionError::FunctionError { function, .. } => format!("{function} does not take this value"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a division by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        _ => "a value is of another type than it should be".to_owned(),
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&masked(&self.source)).finish()
    }
}
