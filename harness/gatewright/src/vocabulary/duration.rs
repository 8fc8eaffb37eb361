//! Times as people write them: `2h 30m`.

use std::time::Duration;

/// From the largest unit to the smallest, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads `2h 30m`; each unit at most once, from the largest to the smallest.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut units = UNITS.iter();
    let mut millis = 0_u64;
    for part in text.split_ascii_whitespace() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = part.split_at(digits);
        let (_, length) = units.find(|(name, _)| *name == unit)?;
        millis = millis.checked_add(count.parse::<u64>().ok()?.checked_mul(*length)?)?;
    }
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// Writes what [`parse_duration`] reads; less than a millisecond is left out.
pub(crate) fn write_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit, length) in UNITS {
        if rest >= length {
            parts.push(format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if parts.is_empty() { "0ms".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "2", "h", "2h2h", "30m 2h", "2h 2h", "-1s", "1.5h", "0s", "99999999999999999999d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(parse_duration("2h 30m"), Some(Duration::from_secs(9000)));
    }

    proptest! {
        #[test]
        fn writing_and_reading_gives_the_same_time(millis in 1..u64::MAX) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse_duration(&write_duration(duration)), Some(duration));
        }
    }
}
