//! Several values in one argument: lists that can't be empty, and maps whose keys a scenario chooses.

use serde_json::{Map, Value};

use super::argument::{Argument, Settable};
use super::names::{Kind, Name};
use super::reading::{Node, Reader};
use super::shape::Shape;
use super::template::Template;

/// One value or more.
#[derive(Clone, Debug, PartialEq)]
pub struct Several<T> {
    first: T,
    others: Vec<T>,
}

impl<T> Several<T> {
    /// Each of them, in the order of writing.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl<T: Argument> Argument for Several<T> {
    fn shape() -> Shape {
        Vec::<T>::shape()
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut items = Vec::<T>::read(node, reader)?.into_iter();
        Some(Self { first: items.next()?, others: items.collect() })
    }

    fn write(&self) -> Value {
        match self.others.is_empty() {
            true => self.first.write(),
            false => self.iter().map(T::write).collect(),
        }
    }
}

impl<'a, T: Argument + From<&'a str>> From<&'a str> for Several<T> {
    fn from(one: &'a str) -> Self {
        Self { first: T::from(one), others: Vec::new() }
    }
}

impl From<String> for Several<Template> {
    fn from(one: String) -> Self {
        Self::from(Template::from(one))
    }
}

impl<T: Argument> From<T> for Several<T> {
    fn from(one: T) -> Self {
        Self { first: one, others: Vec::new() }
    }
}

/// An array of at least one; an empty one does not compile.
impl<U: Into<T>, T, const N: usize> From<[U; N]> for Several<T> {
    fn from(items: [U; N]) -> Self {
        const { assert!(N > 0, "several is at least one") };
        let mut items = items.into_iter().map(Into::into);
        match items.next() {
            Some(first) => Self { first, others: items.collect() },
            None => unreachable!("checked when it was compiled"),
        }
    }
}

/// A map whose keys the scenario chooses, in the order of writing.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries<K, V> {
    entries: Vec<(K, V)>,
}

/// What can be a key of [`Entries`].
pub(crate) trait Key: Sized + PartialEq {
    /// What the keys are, with their article.
    const DESCRIBED: &'static str;
    fn read_key(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;
    fn written(&self) -> String;
}

impl<K, V> Entries<K, V> {
    /// Each of them, in the order of writing.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<K: PartialEq, V> Entries<K, V> {
    /// What is written for a key.
    pub fn find(&self, key: &K) -> Option<&V> {
        self.entries.iter().find(|(each, _)| each == key).map(|(_, value)| value)
    }

    /// Adds one, in the place of the one with the same key.
    pub fn insert(&mut self, key: impl Into<K>, value: impl Into<V>) {
        let (key, value) = (key.into(), value.into());
        match self.entries.iter_mut().find(|(each, _)| *each == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }
}

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<A: Into<K>, B: Into<V>, K: PartialEq, V, const N: usize> From<[(A, B); N]> for Entries<K, V> {
    fn from(entries: [(A, B); N]) -> Self {
        let mut all = Self::default();
        for (key, value) in entries {
            all.insert(key, value);
        }
        all
    }
}

impl<K: Key, V: Argument> Argument for Entries<K, V> {
    fn shape() -> Shape {
        Shape::Entries { key: K::DESCRIBED, value: Box::new(V::shape()) }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let written = reader.entries(node, &Self::shape())?;
        let read: Vec<_> = written
            .into_iter()
            .map(|(key, value)| (K::read_key(key, reader), V::read(value, reader)))
            .collect();
        let entries = read.into_iter().map(|(key, value)| Some((key?, value?)));
        Some(Self { entries: entries.collect::<Option<_>>()? })
    }

    fn write(&self) -> Value {
        let entries = self.iter().map(|(key, value)| (key.written(), value.write()));
        match self.is_empty() {
            true => Value::Null,
            false => Value::Object(entries.collect::<Map<_, _>>()),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

/// An entry as a setter takes it: `header(("accept", "text/html"))`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<K, V> {
    key: K,
    value: V,
}

impl<A: Into<K>, B: Into<V>, K, V> From<(A, B)> for Entry<K, V> {
    fn from((key, value): (A, B)) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

impl<K: PartialEq, V> Settable for Entries<K, V> {
    type Item = Entry<K, V>;
    fn set(&mut self, item: Self::Item) {
        self.insert(item.key, item.value);
    }
}

/// A name as a key gives the name to something new.
impl<N: Name + PartialEq> Key for N {
    const DESCRIBED: &'static str = match N::KIND {
        Kind::Person => "a person's name",
        Kind::User => "a user's name",
        Kind::Group => "a group's name",
        Kind::Zone => "a zone's name",
        Kind::App => "an app's name",
        Kind::Account => "an account's name",
        Kind::Edge => "an Edge's name",
        Kind::Upstream => "an upstream's name",
        Kind::Tunnel => "a tunnel's name",
        Kind::Agent => "an agent's name",
        Kind::Copied | Kind::Remembered => "a name to keep it under",
    };

    fn read_key(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.new_name(N::KIND, node).map(Self::from)
    }

    fn written(&self) -> String {
        self.as_ref().to_owned()
    }
}

/// A label on a page, or another text that the scenario doesn't choose.
impl Key for Template {
    const DESCRIBED: &'static str = "a label";

    fn read_key(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Self::read(node, reader)
    }

    fn written(&self) -> String {
        self.as_str().to_owned()
    }
}
