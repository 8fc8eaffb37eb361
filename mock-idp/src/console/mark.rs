//! The coloured initial that stands for an app or a person where the real console shows a logo or a photograph.

use std::fmt;

/// One letter and one of six colours, always the same for the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    letter: char,
    hue: u8,
}

impl Mark {
    /// The mark of a name.
    pub(crate) fn of(name: &str) -> Self {
        let letter = name.chars().find(|c| c.is_alphanumeric()).unwrap_or('#');
        let sum = name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        Self { letter: letter.to_uppercase().next().unwrap_or(letter), hue: sum % 6 }
    }

    /// The colour's class in the style sheet.
    pub(crate) fn hue(self) -> &'static str {
        ["hue-0", "hue-1", "hue-2", "hue-3", "hue-4", "hue-5"][usize::from(self.hue)]
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_the_first_letter_whatever_the_name() {
        assert_eq!(Mark::of("ngrok").to_string(), "N");
        assert_eq!(Mark::of("  <b>").to_string(), "B");
        assert_eq!(Mark::of("***").to_string(), "#");
        assert_eq!(Mark::of(""), Mark::of(""));
        assert!(Mark::of("ngrok").hue().starts_with("hue-"));
    }
}
