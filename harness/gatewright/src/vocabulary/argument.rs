//! What a step can be told, whichever face of the vocabulary tells it.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;

use super::duration::{parse_duration, write_duration};
use super::reading::{Node, Reader};
use super::shape::Shape;

/// A value that a scenario file can hold: it knows what it looks like, and reads and writes itself.
pub(crate) trait Argument: Sized {
    /// What it looks like in a file.
    fn shape() -> Shape;

    /// Reads it; what is wrong is told to the reader, and then there is no value.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    /// Writes it so that reading gives the same value.
    fn write(&self) -> Value;

    /// What a record's field holds when it isn't written; `None` if it has to be.
    fn absent() -> Option<Self> {
        None
    }
}

/// A field's type as its setter takes it: the value itself, or one more of several.
pub trait Settable {
    /// What one call sets or adds.
    type Item;
    /// Sets or adds it.
    fn set(&mut self, item: Self::Item);
}

impl<T: Argument> Argument for Option<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T> Settable for Option<T> {
    type Item = T;
    fn set(&mut self, item: T) {
        *self = Some(item);
    }
}

impl<T: Argument> Argument for Vec<T> {
    fn shape() -> Shape {
        Shape::OneOrMore(Box::new(T::shape()))
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Some(items) = node.list() else { return T::read(node, reader).map(|one| vec![one]) };
        if items.is_empty() {
            reader.problem(node, "an empty list", format!("expected {}", Self::shape()));
            return None;
        }
        let read: Vec<_> = items.iter().map(|item| T::read(item, reader)).collect();
        read.into_iter().collect()
    }

    fn write(&self) -> Value {
        match self.as_slice() {
            [] => Value::Null,
            // A list inside a list can't be told from the list itself.
            [one] if !one.write().is_array() => one.write(),
            several => several.iter().map(T::write).collect(),
        }
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl<T> Settable for Vec<T> {
    type Item = T;
    fn set(&mut self, item: T) {
        self.push(item);
    }
}

/// `true` or `false`, and `false` when it isn't written.
impl Argument for bool {
    fn shape() -> Shape {
        Shape::Flag
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.plain() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        if *self { Value::Bool(true) } else { Value::Null }
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

impl Settable for bool {
    type Item = Self;
    fn set(&mut self, item: Self) {
        *self = item;
    }
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(pub u32);

/// The only conversion, so that a literal number needs no type.
impl From<u32> for Count {
    fn from(count: u32) -> Self {
        Self(count)
    }
}

impl Argument for Count {
    fn shape() -> Shape {
        Shape::Number { least: 0, most: u32::MAX }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let digits = node.plain().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        match digits.and_then(|text| text.parse().ok()) {
            Some(count) => Some(Self(count)),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.0)
    }
}

impl Argument for StatusCode {
    fn shape() -> Shape {
        Shape::Number { least: 100, most: 599 }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let status = node.plain().filter(|text| text.len() == 3).and_then(|text| text.parse().ok());
        match status.filter(|status: &Self| status.as_u16() < 600) {
            Some(status) => Some(status),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.as_u16())
    }
}

impl Argument for Method {
    fn shape() -> Shape {
        Shape::Text("an HTTP method")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let method = node.plain().filter(|text| text.bytes().all(|b| b.is_ascii_uppercase()));
        match method.and_then(|text| text.parse().ok()) {
            Some(method) => Some(method),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl Argument for Duration {
    fn shape() -> Shape {
        Shape::Text("a time such as `2h 30m`, in d, h, m, s and ms")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.text().and_then(parse_duration) {
            Some(duration) => Some(duration),
            None => reader.mismatch(node, &Self::shape()),
        }
    }

    fn write(&self) -> Value {
        Value::from(write_duration(*self))
    }
}
