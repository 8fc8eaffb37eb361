//! How text gets into a page.

use std::fmt::{self, Write};

use askama::filters::Escaper;

use crate::text::picture;

/// Escapes for element content and quoted attributes, and shows characters that are not seen, or that would turn the
/// text around them, by a picture. Every template of this crate uses it (`askama.toml`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page;

impl Escaper for Page {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let mut written = 0;
        for (at, c) in text.char_indices() {
            let picture = picture(c);
            if picture.is_some() || matches!(c, '<' | '>' | '&' | '"' | '\'') {
                out.write_str(&text[written..at])?;
                self.write_escaped_char(&mut out, c)?;
                written = at + c.len_utf8();
            }
        }
        out.write_str(&text[written..])
    }

    fn write_escaped_char<W: Write>(&self, mut out: W, c: char) -> fmt::Result {
        match c {
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '&' => out.write_str("&amp;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            c => out.write_char(picture(c).unwrap_or(c)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_quotes_and_unseen_characters_are_shown() {
        let mut out = String::new();
        Page.write_escaped_str(&mut out, "</script><img src='x' onerror=\"a&b\">\u{202e}\0ä").unwrap();
        assert_eq!(out, "&lt;/script&gt;&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;\u{fffd}␀ä");
    }

    proptest! {
        #[test]
        fn nothing_gets_out_of_an_element_or_an_attribute(text in ".{0,60}|[<>&'\"a]{0,30}") {
            let mut out = String::new();
            Page.write_escaped_str(&mut out, &text).unwrap();
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
            let plain = out
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
            prop_assert_eq!(plain, crate::text::visible(&text));
        }
    }
}
