//! Finds what differs from run to run in a text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Puts placeholders where a text is volatile.
pub(super) trait Placeholders {
    /// What stands for a value of this kind.
    fn placeholder(&mut self, kind: &str, value: &str) -> String;

    /// The text with its volatile parts replaced.
    fn text(&mut self, text: &str) -> String {
        replaced(text, self)
    }
}

/// Placeholders that tell nothing but the kind: texts that differ by chance alone become the same.
pub(super) struct Plain;

impl Placeholders for Plain {
    fn placeholder(&mut self, kind: &str, _value: &str) -> String {
        format!("[{kind}]")
    }
}

/// Placeholders with a number, the same for the same value.
#[derive(Default)]
pub(super) struct Numbered {
    seen: HashMap<String, HashMap<String, usize>>,
}

impl Placeholders for Numbered {
    fn placeholder(&mut self, kind: &str, value: &str) -> String {
        if matches!(kind, "time" | "duration") {
            return format!("[{kind}]");
        }
        let values = self.seen.entry(kind.to_owned()).or_default();
        let next = values.len() + 1;
        let number = *values.entry(value.to_owned()).or_insert(next);
        format!("[{kind} {number}]")
    }
}

/// Where alternatives begin at the same place, the first wins.
static VOLATILE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)
          \[ (?<mask> [a-z][a-z\ ]{0,40} ) \ (?<fingerprint> [0-9a-f]{6} ) \]
        | (?<time>
              \d{4}-\d\d-\d\d [T\ ] \d\d:\d\d:\d\d (?: \.\d+ )? (?: Z | [+-]\d\d:?\d\d )
            | (?: Mon|Tue|Wed|Thu|Fri|Sat|Sun ),\ \d\d[\ -][A-Z][a-z]{2}[\ -]\d{4}\ \d\d:\d\d:\d\d\ GMT )
        | \b (?<duration> \d+ (?: \.\d+ )? \ ? (?: ms|µs|us|ns ) ) \b
        | (?<host> \b 127(?: \.\d{1,3} ){3} | \b (?: [a-z0-9-]+\. )* localhost | \[::1\] ) (?: : (?<port> \d{1,5} ) )?
        | \b port \ (?<bare_port> \d{2,5} ) \b
        | (?<run> [0-9A-Za-z_-]{8,} )
    ";
    Regex::new(pattern).expect("the pattern is constant, and a test uses it")
});

fn replaced(text: &str, placeholders: &mut (impl Placeholders + ?Sized)) -> String {
    let replace = |found: &Captures<'_>| {
        let group = |name| found.name(name).map(|group| group.as_str());
        if let (Some(kind), Some(fingerprint)) = (group("mask"), group("fingerprint")) {
            placeholders.placeholder(kind, fingerprint)
        } else if let Some(time) = group("time") {
            placeholders.placeholder("time", time)
        } else if let Some(duration) = group("duration") {
            placeholders.placeholder("duration", duration)
        } else if let Some(host) = group("host") {
            let host = match host {
                "127.0.0.1" | "[::1]" => Cow::Borrowed(host),
                // Everyone in a stage has an address of their own, whichever was free.
                address if address.starts_with("127.") => {
                    Cow::Owned(placeholders.placeholder("address", address))
                }
                name => Cow::Borrowed(name),
            };
            match group("port") {
                Some(port) => format!("{host}:{}", placeholders.placeholder("port", port)),
                None => host.into_owned(),
            }
        } else if let Some(port) = group("bare_port") {
            format!("port {}", placeholders.placeholder("port", port))
        } else {
            let run = &found[0];
            match kind(run) {
                Some(kind) => placeholders.placeholder(kind, run),
                None => run.to_owned(),
            }
        }
    };
    VOLATILE.replace_all(text, replace).into_owned()
}

/// What a run of letters, digits, `_` and `-` is, when it was made by chance. Judged by shape, never by whether it
/// happens to hold a digit: that would be true of one run and not of the next.
fn kind(run: &str) -> Option<&'static str> {
    let alphanumeric = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    let hexadecimal = run.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match run.len() {
        // Seconds since 1970, from 2017 to 2049.
        10 if run.bytes().all(|b| b.is_ascii_digit()) => {
            ("1500000000"..="2499999999").contains(&run).then_some("time")
        }
        8 | 12 | 16 | 24 | 32 | 40 | 64 if hexadecimal => Some("id"),
        // 256 bits in base64url: key ids, token ids, hashes.
        43 => Some("id"),
        36 if is_uuid(run) => Some("id"),
        // Okta: three characters of prefix, seventeen of chance.
        20 if alphanumeric(run) && OKTA_PREFIXES.contains(&&run[..3]) => Some("id"),
        // ngrok: `edghts_` and twenty or more.
        _ => run
            .split_once('_')
            .filter(|(prefix, rest)| {
                (2..=10).contains(&prefix.len())
                    && prefix.bytes().all(|b| b.is_ascii_lowercase())
                    && (20..=40).contains(&rest.len())
                    && alphanumeric(rest)
            })
            .map(|_| "id"),
    }
}

const OKTA_PREFIXES: &[&str] = &[
    "000", "00T", "00g", "00o", "00p", "00q", "00r", "00t", "00u", "0oa", "0pr", "aus", "auz", "fwf", "guo",
    "idx", "irt", "lae", "mfa", "nzo", "oae", "opf", "ost", "pol", "reg", "req", "rst", "rul", "scp", "sft",
    "tkn", "trs", "uft",
];

fn is_uuid(run: &str) -> bool {
    run.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && run.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbered(text: &str) -> String {
        Numbered::default().text(text)
    }

    #[test]
    fn equal_values_keep_being_equal_and_others_differ() {
        assert_eq!(
            numbered("?state=[state 3f9a1c]&nonce=[nonce 00ff12] then [state 3f9a1c], [state aaaaaa]"),
            "?state=[state 1]&nonce=[nonce 1] then [state 1], [state 2]"
        );
    }

    #[test]
    fn ports_and_addresses_of_the_machine_are_numbered() {
        assert_eq!(
            numbered(
                "127.0.0.1:43121 and https://app.localhost:43121, 127.4.0.9:1, [::1]:55, port 43121, 10.0.0.1:80"
            ),
            "127.0.0.1:[port 1] and https://app.localhost:[port 1], [address 1]:[port 2], [::1]:[port 3], \
             port [port 1], 10.0.0.1:80"
        );
    }

    #[test]
    fn moments_and_short_durations_are_gone() {
        assert_eq!(
            numbered(
                "2026-11-23T18:01:12.5Z, Mon, 23 Nov 2026 18:01:12 GMT, exp 1795456872, 12.5 ms, within 5 s"
            ),
            "[time], [time], exp [time], [duration], within 5 s"
        );
    }

    #[test]
    fn identifiers_are_known_by_their_shape() {
        assert_eq!(
            numbered(
                "00uAbCdEfGhIjKlMnOpQ edghts_2abcdefghijklmnopqrstuvwxyz 0f1e2d3c-0000-4000-8000-0123456789ab \
                 ID.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ deadbeef"
            ),
            "[id 1] [id 2] [id 3] ID.[id 4] [id 5]"
        );
    }

    #[test]
    fn ordinary_words_stay() {
        let text = "__Host-gate-session=1; /oauth2/v1/authorize?redirect_uri=https%3A%2F%2Fidp.tunnel.test \
                    ERR_NGROK_3100 assigned_to_the_application user.authentication.sso [code] 200";
        assert_eq!(numbered(text), text);
    }

    proptest! {
        #[test]
        fn what_is_normalized_stays_so(text in ".{0,80}|[0-9a-f:. -]{0,60}|\\[[a-z ]{1,9} [0-9a-f]{6}\\]") {
            let once = Plain.text(&text);
            prop_assert_eq!(Plain.text(&once), once);
        }
    }
}
