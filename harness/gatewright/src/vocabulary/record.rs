//! Maps of known fields, words and forms, each declared once: the Rust type, its reader, its writer and its shape.

use serde_json::{Map, Value};

use super::shape::Record;

/// Declares a struct that is a map of known fields in a file.
///
/// Fields under `needs` have to be written and are the arguments of `new`; those under `takes` may be left out and
/// have a setter of their own name each, which adds one more where there can be several. `short FIELD` names the field
/// that is meant when a plain value stands instead of the map.
macro_rules! record {
    (
        $(#[doc = $doc:literal])+
        $Name:ident $(short $short:ident)? {
            $(needs {$(
                $(#[doc = $need_doc:literal])+
                $need:ident: $Need:ty,
            )+})?
            $(takes {$(
                $(#[doc = $take_doc:literal])+
                $take:ident: $Take:ty,
            )+})?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Name {
            $($($(#[doc = $need_doc])+ pub $need: $Need,)+)?
            $($($(#[doc = $take_doc])+ pub $take: $Take,)+)?
        }

        impl $Name {
            pub(crate) const RECORD: &'static $crate::vocabulary::shape::Record =
                &$crate::vocabulary::shape::Record {
                    name: stringify!($Name),
                    doc: concat!($($doc, "\n"),+),
                    short: $crate::vocabulary::shape::if_any(&[$(stringify!($short))?]),
                    fields: &[
                        $($($crate::vocabulary::shape::Field {
                            name: stringify!($need),
                            doc: concat!($($need_doc, "\n"),+),
                            required: true,
                            shape: <$Need as $crate::vocabulary::argument::Argument>::shape,
                        },)+)?
                        $($($crate::vocabulary::shape::Field {
                            name: stringify!($take),
                            doc: concat!($($take_doc, "\n"),+),
                            required: false,
                            shape: <$Take as $crate::vocabulary::argument::Argument>::shape,
                        },)+)?
                    ],
                };

            /// With what it needs, and nothing else yet.
            pub fn new($($($need: impl Into<$Need>),+)?) -> Self {
                Self {
                    $($($need: $need.into(),)+)?
                    $($($take: Default::default(),)+)?
                }
            }

            $($(
                $(#[doc = $take_doc])+
                #[must_use]
                pub fn $take(
                    mut self,
                    $take: impl Into<<$Take as $crate::vocabulary::argument::Settable>::Item>,
                ) -> Self {
                    $crate::vocabulary::argument::Settable::set(&mut self.$take, $take.into());
                    self
                }
            )+)?
        }

        impl $crate::vocabulary::argument::Argument for $Name {
            fn shape() -> $crate::vocabulary::shape::Shape {
                $crate::vocabulary::shape::Shape::Record(Self::RECORD)
            }

            fn read(
                node: &$crate::vocabulary::reading::Node,
                reader: &mut $crate::vocabulary::reading::Reader<'_>,
            ) -> Option<Self> {
                let members = reader.record(node, Self::RECORD)?;
                let _ = &members;
                // Every field is read before the first that is wrong ends it, so that all problems are seen; what may
                // be left out comes first, since a scenario's steps need what its beginning says.
                $($(let $take = members.field::<$Take>(stringify!($take), reader);)+)?
                $($(let $need = members.field::<$Need>(stringify!($need), reader);)+)?
                Some(Self { $($($need: $need?,)+)? $($($take: $take?,)+)? })
            }

            fn write(&self) -> ::serde_json::Value {
                $crate::vocabulary::record::written(Self::RECORD, [
                    $($((stringify!($need), $crate::vocabulary::argument::Argument::write(&self.$need)),)+)?
                    $($((stringify!($take), $crate::vocabulary::argument::Argument::write(&self.$take)),)+)?
                ])
            }

            /// A record that needs nothing can be left out.
            fn absent() -> Option<Self> {
                Some(Self {
                    $($($need: <$Need as $crate::vocabulary::argument::Argument>::absent()?,)+)?
                    $($($take: <$Take as $crate::vocabulary::argument::Argument>::absent()?,)+)?
                })
            }
        }

        impl $crate::vocabulary::argument::Settable for $Name {
            type Item = Self;
            fn set(&mut self, item: Self) {
                *self = item;
            }
        }

        record!(@default $Name $($($need)+)?);
    };
    (@default $Name:ident) => {
        impl Default for $Name {
            fn default() -> Self {
                Self::new()
            }
        }
    };
    (@default $Name:ident $($need:ident)+) => {};
}

/// Declares an enum of which each variant is a word in a file.
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        $Name:ident {$(
            $(#[doc = $word_doc:literal])+
            $Variant:ident = $word:literal,
        )+}
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Name {
            $($(#[doc = $word_doc])+ $Variant,)+
        }

        impl $Name {
            /// The word as a file has it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $word,)+
                }
            }
        }

        impl ::std::fmt::Display for $Name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::vocabulary::argument::Argument for $Name {
            fn shape() -> $crate::vocabulary::shape::Shape {
                $crate::vocabulary::shape::Shape::Words(&[$(
                    $crate::vocabulary::shape::Word { word: $word, doc: concat!($($word_doc, "\n"),+) },
                )+])
            }

            fn read(
                node: &$crate::vocabulary::reading::Node,
                reader: &mut $crate::vocabulary::reading::Reader<'_>,
            ) -> Option<Self> {
                $(if node.text() == Some($word) {
                    return Some(Self::$Variant);
                })+
                reader.unknown_word(
                    node,
                    &<Self as $crate::vocabulary::argument::Argument>::shape(),
                    [$($word),+],
                )
            }

            fn write(&self) -> ::serde_json::Value {
                ::serde_json::Value::from(self.as_str())
            }
        }
    };
}

/// Declares an enum of records that are told apart by a field which only that record has.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])+
        $Name:ident {$(
            $(#[doc = $form_doc:literal])+
            $Variant:ident($Form:ty) by $field:ident,
        )+}
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub enum $Name {
            $($(#[doc = $form_doc])+ $Variant($Form),)+
        }

        impl $Name {
            const CHOICE: &'static $crate::vocabulary::shape::Choice = &$crate::vocabulary::shape::Choice {
                name: stringify!($Name),
                doc: concat!($($doc, "\n"),+),
                forms: &[$((stringify!($field), <$Form>::RECORD)),+],
            };
        }

        impl $crate::vocabulary::argument::Argument for $Name {
            fn shape() -> $crate::vocabulary::shape::Shape {
                $crate::vocabulary::shape::Shape::Choice(Self::CHOICE)
            }

            fn read(
                node: &$crate::vocabulary::reading::Node,
                reader: &mut $crate::vocabulary::reading::Reader<'_>,
            ) -> Option<Self> {
                let has = |field: &str| {
                    node.map().is_some_and(|entries| entries.iter().any(|(key, _)| key.text() == Some(field)))
                };
                $(if has(stringify!($field)) {
                    return <$Form as $crate::vocabulary::argument::Argument>::read(node, reader).map(Self::$Variant);
                })+
                reader.mismatch(node, &<Self as $crate::vocabulary::argument::Argument>::shape())
            }

            fn write(&self) -> ::serde_json::Value {
                match self {
                    $(Self::$Variant(form) => $crate::vocabulary::argument::Argument::write(form),)+
                }
            }
        }

        $(impl From<$Form> for $Name {
            fn from(form: $Form) -> Self {
                Self::$Variant(form)
            }
        })+
    };
}

/// Makes in Rust what a plain value means in a file, for records with a `short` field.
macro_rules! short_forms {
    ($(|$value:ident: $From:ty| -> $Name:ident $make:block)+) => {$(
        impl From<$From> for $Name {
            fn from($value: $From) -> Self {
                $make
            }
        }
    )+};
}

pub(crate) use {choice, record, short_forms, words};

/// A map without what is absent; the value alone, if it is the one that a plain value means.
pub(crate) fn written<const N: usize>(record: &Record, fields: [(&'static str, Value); N]) -> Value {
    let mut written = fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Vec<_>>();
    match written.as_mut_slice() {
        [(name, value)] if record.short == Some(*name) && !value.is_object() => value.take(),
        _ => Value::Object(
            written.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>(),
        ),
    }
}
