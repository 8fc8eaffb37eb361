//! How values are written for people, in every rendering.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::model::{Run, Scenario};

/// A duration in the unit that suits it: `0 ms`, `812 ms`, `2.35 s`, `1 min 04 s`.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        // Rounded by hand, so that 59,999 ms isn't written as a minute's worth of seconds.
        1_000..60_000 => format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10),
        _ => {
            let seconds = ms / 1_000;
            match seconds / 3_600 {
                0 => format!("{} min {:02} s", seconds / 60, seconds % 60),
                hours => format!("{hours} h {:02} min", seconds % 3_600 / 60),
            }
        }
    }
}

/// A moment, to the second: `2026-11-23 18:01:12 UTC`.
pub(crate) fn moment(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `1 scenario`, `3 scenarios`.
pub(crate) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}

/// The run in one line: `2 of 14 scenarios failed`, `14 scenarios passed`.
pub(crate) fn verdict(run: &Run) -> String {
    let counts = run.counts();
    let all = count(counts.total, "scenario");
    match counts {
        counts if counts.total == 0 => "No scenario was run".to_owned(),
        counts if counts.failed > 0 => format!("{} of {all} failed", counts.failed),
        counts if counts.interrupted > 0 => format!("Interrupted: {} of {all} passed", counts.passed),
        counts if counts.passed == counts.total => format!("{all} passed"),
        counts => format!("{} of {all} passed", counts.passed),
    }
}

/// What the run ran on, in one line.
pub(crate) fn environment(run: &Run) -> String {
    let environment = &run.environment;
    let browser = match &environment.browser.version {
        Some(version) => format!("{} {version}", environment.browser.name),
        None => environment.browser.name.clone(),
    };
    format!("{} in {browser} on {}, {}", environment.target, environment.os, count(environment.jobs, "job"))
}

/// The failing step as people count them, `step 4: alice sees …`; none when no step is to blame.
pub(crate) fn failing_step(scenario: &Scenario) -> Option<String> {
    let index = scenario.failure()?.step?;
    let text = scenario.steps.get(index).map(|step| step.text.as_str()).unwrap_or_default();
    Some(format!("step {}: {text}", index + 1))
}

/// The text with every character that is not seen, or that moves what is seen, shown by a picture of it: a report holds
/// what strangers sent, and neither a terminal nor a page shall obey it. Line feeds and tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| picture(c).is_some()) {
        Cow::Owned(text.chars().map(|c| picture(c).unwrap_or(c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Like [`visible`], in a single line.
pub(crate) fn one_line(text: &str) -> String {
    visible(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most so many characters, with an ellipsis where something was cut off.
pub(crate) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            Cow::Owned(format!("{}…", kept.trim_end()))
        }
    }
}

pub(crate) fn picture(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => None,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)),
        '\x7f' => Some('␡'),
        // C1 controls; bidirectional embeddings, overrides and isolates; what XML can't hold.
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'
        | '\u{ffff}' => Some('\u{fffd}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_suits_them() {
        let written = [0, 999, 1_000, 2_350, 59_999, 60_000, 64_000, 3_599_999, 7_260_000].map(duration);
        assert_eq!(
            written,
            [
                "0 ms",
                "999 ms",
                "1.00 s",
                "2.35 s",
                "59.99 s",
                "1 min 00 s",
                "1 min 04 s",
                "59 min 59 s",
                "2 h 01 min"
            ]
        );
    }

    #[test]
    fn what_is_not_seen_is_shown() {
        assert_eq!(visible("a\x1b[31mred\u{202e}txt\r\n\tb"), "a␛[31mred\u{fffd}txt␍\n\tb");
        assert!(matches!(visible("plain \n text"), Cow::Borrowed(_)));
        assert_eq!(one_line(" a\n\tb\x07 "), "a b␇");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äö…");
    }
}
