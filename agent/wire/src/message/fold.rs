//! JSON into structs as Go reads it: a struct's members are matched without regard to case, null counts as absent.
//! The keys of maps stay as they are. Errors name the member and never show a value, which may be a secret.

use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};
use serde_json::{Map, Value};

/// JSON that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// From the outermost member inwards.
    path: Vec<String>,
    reason: String,
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path.join("."))?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for ShapeError {}

impl de::Error for ShapeError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self { path: Vec::new(), reason: reason.to_string() }
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("expected {expected}, found {}", kind(found)))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("expected {expected}, found another value"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("expected one of {}", expected.join(", ")))
    }
}

impl ShapeError {
    fn within(mut self, member: impl Into<String>) -> Self {
        self.path.insert(0, member.into());
        self
    }
}

fn kind(found: de::Unexpected<'_>) -> &'static str {
    match found {
        de::Unexpected::Bool(_) => "a boolean",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) | de::Unexpected::Float(_) => "a number",
        de::Unexpected::Str(_) => "a string",
        de::Unexpected::Unit | de::Unexpected::Option => "null",
        de::Unexpected::Seq => "an array",
        de::Unexpected::Map => "an object",
        _ => "something else",
    }
}

/// Reads a struct from JSON text.
pub(crate) fn from_slice<T: DeserializeOwned>(json: &[u8]) -> Result<T, ShapeError> {
    let value: Value = serde_json::from_slice(json).map_err(|error| {
        // Its text could quote what it found.
        let (line, column) = (error.line(), error.column());
        de::Error::custom(format!("not JSON from line {line}, column {column} on"))
    })?;
    from_value(value)
}

/// Reads a struct from a JSON value.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ShapeError> {
    T::deserialize(Folded(value))
}

struct Folded(Value);

impl<'de> Deserializer<'de> for Folded {
    type Error = ShapeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::String(value) => visitor.visit_string(value),
            Value::Array(values) => visitor.visit_seq(Elements { values: values.into_iter(), at: 0 }),
            Value::Object(members) => visitor.visit_map(Members::of_map(members)),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        match self.0 {
            Value::Object(members) => visitor.visit_map(Members::of_struct(members, fields)),
            // Serde would take a struct's members in their order.
            Value::Array(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ShapeError> {
        match self.0 {
            Value::String(variant) => {
                let variant: de::value::StringDeserializer<ShapeError> = variant.into_deserializer();
                variant.deserialize_enum(name, variants, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

struct Elements {
    values: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> de::SeqAccess<'de> for Elements {
    type Error = ShapeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ShapeError> {
        let Some(value) = self.values.next() else { return Ok(None) };
        let at = self.at;
        self.at += 1;
        seed.deserialize(Folded(value)).map(Some).map_err(|error| error.within(format!("[{at}]")))
    }
}

/// The members of an object; those of a struct by its own names for them.
struct Members {
    members: serde_json::map::IntoIter,
    fields: Option<&'static [&'static str]>,
    value: Option<(String, Value)>,
}

impl Members {
    fn of_map(members: Map<String, Value>) -> Self {
        Self { members: members.into_iter(), fields: None, value: None }
    }

    fn of_struct(members: Map<String, Value>, fields: &'static [&'static str]) -> Self {
        Self { members: members.into_iter(), fields: Some(fields), value: None }
    }
}

impl<'de> de::MapAccess<'de> for Members {
    type Error = ShapeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ShapeError> {
        let next = match self.fields {
            None => self.members.next(),
            Some(fields) => self
                .members
                .by_ref()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| {
                    let name = fields.iter().find(|field| field.eq_ignore_ascii_case(&key));
                    (name.map_or(key, |name| (*name).to_owned()), value)
                })
                .next(),
        };
        let Some((key, value)) = next else { return Ok(None) };
        let name: de::value::StringDeserializer<ShapeError> = key.clone().into_deserializer();
        self.value = Some((key, value));
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ShapeError> {
        let (key, value) = self.value.take().unwrap_or_default();
        seed.deserialize(Folded(value)).map_err(|error| error.within(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Outer {
        auth_token: String,
        labels: BTreeMap<String, String>,
        inner: Option<Inner>,
        list: Vec<Inner>,
        any: Value,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        issuer_url: String,
        count: u8,
    }

    #[test]
    fn members_match_in_any_case_and_null_is_absent() {
        let json =
            br#"{"Authtoken":"t","LABELS":{"Edge":"e"},"inner":{"Issuer_URL":"i","count":null},"List":null,
            "any":{"Kept":null},"new":1}"#;
        let outer: Outer = from_slice(json).unwrap();
        assert_eq!(outer.auth_token, "t");
        assert_eq!(outer.labels, BTreeMap::from([("Edge".into(), "e".into())]));
        assert_eq!(outer.inner, Some(Inner { issuer_url: "i".into(), count: 0 }));
        assert_eq!(outer.any, serde_json::json!({"Kept": null}));
    }

    #[test]
    fn a_mistake_is_named_by_its_place_and_never_by_its_value() {
        let error = |json: &str| from_slice::<Outer>(json.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            error(r#"{"list":[{},{"count":"s3cret"}]}"#),
            "List.[1].count: expected u8, found a string"
        );
        assert_eq!(error(r#"{"inner":{"count":300}}"#), "Inner.count: expected u8, found another value");
        assert_eq!(error("[7]"), "expected struct Outer, found an array");
        assert_eq!(error(r#"{"authtoken":"a","AuthToken":"b"}"#), "duplicate field `AuthToken`");
        assert_eq!(error(r#"{"inner":}"#), "not JSON from line 1, column 10 on");
    }
}
