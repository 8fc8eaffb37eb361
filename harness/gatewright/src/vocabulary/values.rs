//! Small values that arguments are made of.

use std::fmt;

use http::HeaderName;
use serde_json::Value;

use super::argument::Argument;
use super::collections;
use super::performs::StepError;
use super::reading::{Content, Node, Reader};
use super::reference::Reference;
use super::shape::Shape;
use super::template::Template;
use crate::people::Key;

/// Text that stands for itself: no values are filled in.
impl Argument for String {
    fn shape() -> Shape {
        Shape::Text("text")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text() {
            Some(text) => Some(text.to_owned()),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

/// The name of a header, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header(String);

impl Header {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Header {
    fn from(name: &str) -> Self {
        Self(name.to_ascii_lowercase())
    }
}

impl From<HeaderName> for Header {
    fn from(name: HeaderName) -> Self {
        Self(name.as_str().to_owned())
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Argument for Header {
    fn shape() -> Shape {
        Shape::Text("a header's name")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text().map(str::parse::<HeaderName>) {
            Some(Ok(name)) => Some(Self::from(name)),
            _ => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl collections::Key for Header {
    const DESCRIBED: &'static str = "a header's name";

    fn read_key(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Self::read(node, reader)
    }

    fn written(&self) -> String {
        self.0.clone()
    }
}

/// A code of the edge, `ERR_NGROK_3200`, as error pages and the header `ngrok-error-code` have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u32);

impl From<u32> for ErrorCode {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERR_NGROK_{}", self.0)
    }
}

impl Argument for ErrorCode {
    fn shape() -> Shape {
        Shape::Text("a code such as `ERR_NGROK_3200`")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let digits = node.plain().and_then(|text| text.strip_prefix("ERR_NGROK_"));
        let digits = digits.filter(|digits| !digits.starts_with(['0', '+']));
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(number) => Some(Self(number)),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
}

impl Argument for Key {
    fn shape() -> Shape {
        Shape::Text("a key such as `Enter`, or the character that it types")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text().map(str::parse) {
            Some(Ok(key)) => Some(key),
            _ => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.to_string())
    }
}

/// The name of a claim in a token, or of a member of a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member(String);

impl Member {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Member {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Argument for Member {
    fn shape() -> Shape {
        Shape::Text("a member's name")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text().filter(|text| !text.is_empty()) {
            Some(name) => Some(Self::from(name)),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl collections::Key for Member {
    const DESCRIBED: &'static str = "a member's name";

    fn read_key(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Self::read(node, reader)
    }

    fn written(&self) -> String {
        self.0.clone()
    }
}

/// Any JSON value, whose texts are templates.
#[derive(Clone, Debug, PartialEq)]
pub struct Data(Value);

impl Data {
    /// The value with each template in it filled in by `value_of`.
    pub fn fill(
        &self,
        mut value_of: impl FnMut(&Reference) -> Result<String, StepError>,
    ) -> Result<Value, StepError> {
        fill(&self.0, &mut value_of)
    }
}

fn fill(
    value: &Value,
    value_of: &mut impl FnMut(&Reference) -> Result<String, StepError>,
) -> Result<Value, StepError> {
    Ok(match value {
        Value::String(text) => Template::from(text).fill(value_of)?.into(),
        Value::Array(items) => items.iter().map(|item| fill(item, value_of)).collect::<Result<_, _>>()?,
        Value::Object(members) => {
            let filled = members.iter().map(|(name, value)| Ok((name.clone(), fill(value, value_of)?)));
            Value::Object(filled.collect::<Result<_, StepError>>()?)
        }
        other => other.clone(),
    })
}

impl<T: Into<Value>> From<T> for Data {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl Argument for Data {
    fn shape() -> Shape {
        Shape::Anything
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        data(node, reader).map(Self)
    }

    fn write(&self) -> Value {
        self.0.clone()
    }
}

fn data(node: &Node, reader: &mut Reader<'_>) -> Option<Value> {
    Some(match &node.content {
        Content::Nothing => return reader.mismatch(node, &Shape::Anything),
        Content::Scalar { text, plain: true } if is_bare(text) => serde_json::from_str(text).ok()?,
        Content::Scalar { .. } => Template::read(node, reader)?.write(),
        Content::List(items) => {
            let items: Vec<_> = items.iter().map(|item| data(item, reader)).collect();
            Value::Array(items.into_iter().collect::<Option<_>>()?)
        }
        Content::Map(_) => {
            let members = reader.entries(node, &Shape::Anything)?;
            let members: Vec<_> = members
                .into_iter()
                .map(|(key, value)| Some((key.text()?.to_owned(), data(value, reader)?)))
                .collect();
            Value::Object(members.into_iter().collect::<Option<_>>()?)
        }
    })
}

/// Whether a plain text is a JSON number, `true`, `false` or `null` rather than text.
pub(crate) fn is_bare(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Null | Value::Bool(_) | Value::Number(_)))
}
