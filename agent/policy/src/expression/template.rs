//! Texts with `${…}` in them.

use std::fmt;

use crate::facts::Facts;
use crate::policy::Phase;

use super::{EvaluationError, Expression, ExpressionError};

/// A text in which expressions are interpolated: `x-${conn.client_ip}`.
#[derive(Clone)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value(Expression),
}

impl Template {
    /// A text in which nothing is interpolated.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())] }
    }

    /// Reads a text, and compiles what is in its `${…}`.
    pub fn parse(text: &str, phase: Phase) -> Result<Self, ExpressionError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                pieces.push(Piece::Text(rest[..start].to_owned()));
            }
            let inner = &rest[start + 2..];
            let end = end(inner).ok_or_else(|| ExpressionError("A `${` has no `}`.".to_owned()))?;
            pieces.push(Piece::Value(Expression::parse(inner[..end].trim(), phase)?));
            rest = &inner[end + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { pieces })
    }

    /// The text, if nothing is interpolated in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with its values.
    pub fn render(&self, facts: &Facts<'_>) -> Result<String, EvaluationError> {
        self.render_with(facts, |value| value)
    }

    /// The text with its values, each of which is first made fit for its surroundings.
    pub(crate) fn render_with(
        &self,
        facts: &Facts<'_>,
        fit: impl Fn(String) -> String,
    ) -> Result<String, EvaluationError> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Value(expression) => text.push_str(&fit(expression.text(facts)?)),
            }
        }
        Ok(text)
    }
}

/// Where the expression ends that begins here: at the first `}` that belongs to no map and no string of it.
fn end(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands between the expressions may be a secret.
        let values = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Value(expression) => Some(expression),
        });
        f.debug_list().entries(values).finish()
    }
}
