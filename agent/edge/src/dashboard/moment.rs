//! How times are told to people.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// A day and a time of it: `28 November 2026, 13:05`.
pub(super) fn day(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M").to_string()
}

/// A day and a time of it, to the second.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M:%S").to_string()
}

/// A time of the day, to the second.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// How long something took: `0.4 ms`, `120 ms`, `3.2 s`.
pub(super) fn span(took: Duration) -> String {
    let ms = took.as_secs_f64() * 1000.0;
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_as_people_read_them() {
        let told = [400, 9_940, 12_000, 999_000, 3_210_000].map(|micros| span(Duration::from_micros(micros)));
        assert_eq!(told, ["0.4 ms", "9.9 ms", "12 ms", "999 ms", "3.2 s"]);
    }
}
