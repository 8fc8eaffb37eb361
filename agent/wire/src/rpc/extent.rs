//! Where a JSON object ends, found while it arrives, each byte looked at once.

/// How far into the object the bytes have come. Whether it is good JSON is for the parser to say.
#[derive(Debug, Default)]
pub(super) struct Extent {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// What the bytes at hand tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The object ends in front of this one of them.
    End(usize),
    /// It goes on.
    More,
    /// Something else than an object begins.
    NoObject,
}

impl Extent {
    /// Looks at the next bytes.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Found {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' if self.depth > 0 => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' => self.depth += 1,
                b'[' if self.depth > 0 => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Found::End(at + 1);
                    }
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if self.depth > 0 => {}
                _ => return Found::NoObject,
            }
        }
        Found::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_ends_at_its_own_brace() {
        let end = |text: &str| Extent::default().find(text.as_bytes());
        assert_eq!(end("{}"), Found::End(2));
        assert_eq!(end(" \n{\"a\":{}}\n"), Found::End(10));
        assert_eq!(end(r#"{"a":"}\"}\\"}x"#), Found::End(14));
        assert_eq!(end("{\"a\":[{},{}]"), Found::More);
        assert_eq!(end("null"), Found::NoObject);
        assert_eq!(end("[]"), Found::NoObject);
        assert_eq!(end("}"), Found::NoObject);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<Option<bool>>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            ".*".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                prop::collection::hash_map(".*", inner, 0..6)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Value>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_object_is_found_however_it_is_cut(value in json(), cut in any::<usize>(), after in ".*") {
            let object = serde_json::json!({ "v": value }).to_string();
            let text = format!("{object}{after}");
            let (head, tail) = text.as_bytes().split_at(cut % (text.len() + 1));
            let mut extent = Extent::default();
            let end = match extent.find(head) {
                Found::End(end) => end,
                Found::More => match extent.find(tail) {
                    Found::End(end) => head.len() + end,
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                },
                Found::NoObject => return Err(TestCaseError::fail("no object")),
            };
            prop_assert_eq!(end, object.len());
        }
    }
}
