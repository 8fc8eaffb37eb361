//! What a relying party wants to be answered with (OAuth 2.0 Multiple Response Types).

use crate::model::ResponseType;

/// A set of response types, not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResponseTypes {
    pub(crate) code: bool,
    pub(crate) id_token: bool,
    pub(crate) token: bool,
}

impl ResponseTypes {
    /// Reads `response_type`: known names in any order, each once.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut types = Self { code: false, id_token: false, token: false };
        for name in text.split(' ') {
            let place = match name {
                "code" => &mut types.code,
                "id_token" => &mut types.id_token,
                "token" => &mut types.token,
                _ => return None,
            };
            if std::mem::replace(place, true) {
                return None;
            }
        }
        Some(types)
    }

    /// Whether all of them are among these.
    pub(crate) fn are_among(self, allowed: &[ResponseType]) -> bool {
        let fits = |asked: bool, kind| !asked || allowed.contains(&kind);
        fits(self.code, ResponseType::Code)
            && fits(self.id_token, ResponseType::IdToken)
            && fits(self.token, ResponseType::Token)
    }

    /// Whether tokens come with the answer.
    pub(crate) fn has_tokens(self) -> bool {
        self.id_token || self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn types_are_a_set() {
        let hybrid = ResponseTypes::parse("id_token code").unwrap();
        assert_eq!(ResponseTypes::parse("code id_token"), Some(hybrid));
        assert!(hybrid.has_tokens() && !hybrid.token);
        assert!(hybrid.are_among(&[ResponseType::Code, ResponseType::IdToken]));
        assert!(!hybrid.are_among(&[ResponseType::Code]));
        for wrong in ["", " ", "code code", "code  id_token", "none", "CODE", "code,token"] {
            assert_eq!(ResponseTypes::parse(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_parsed_asks_for_something(text in "[a-z_]{0,8}( (code|token|id_token)){0,3}") {
            if let Some(types) = ResponseTypes::parse(&text) {
                prop_assert!(types.code || types.has_tokens());
            }
        }
    }
}
