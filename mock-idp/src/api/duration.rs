//! Durations as ISO 8601 writes them (`PT2H`), as far as they are of a definite length: no months, no years.

use chrono::TimeDelta;

/// Reads one, to the second. None where the text isn't exactly that, or it is longer than a thousand years.
pub(super) fn parse(text: &str) -> Option<TimeDelta> {
    let text = text.strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (text, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let seconds =
        parts(days, &[('D', 86_400)])?.checked_add(parts(time, &[('H', 3600), ('M', 60), ('S', 1)])?)?;
    (seconds <= LONGEST).then(|| TimeDelta::seconds(seconds))
}

const LONGEST: i64 = 1000 * 365 * 86_400;

/// The sum of numbers with these units, each at most once, in this order.
fn parts(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum = 0_i64;
    for (unit, seconds) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*seconds)?)?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

/// Writes one, to the second, in hours, minutes and seconds as Okta does.
pub(super) fn write(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds().max(0);
    let parts = [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
    let written: String = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if written.is_empty() { "PT0S".to_owned() } else { format!("PT{written}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_strictly() {
        for (text, seconds) in [
            ("PT2H", Some(7200)),
            ("PT43800H", Some(157_680_000)),
            ("PT0S", Some(0)),
            ("P1DT1H1M1S", Some(90_061)),
            ("P30D", Some(2_592_000)),
            ("PT1H30M", Some(5400)),
            ("", None),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("2H", None),
            ("pt2h", None),
            ("PT2", None),
            ("PTH", None),
            ("PT-2H", None),
            ("PT+2H", None),
            ("PT1.5H", None),
            ("PT1S1H", None),
            ("PT1H1H", None),
            ("P1M", None),
            ("P1Y", None),
            ("P1W", None),
            ("PTOS", None),
            (" PT2H", None),
            ("PT99999999999999999999H", None),
            ("PT9223372036854775807H", None),
        ] {
            assert_eq!(parse(text), seconds.map(TimeDelta::seconds), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in 0..=LONGEST) {
            let duration = TimeDelta::seconds(seconds);
            prop_assert_eq!(parse(&write(duration)), Some(duration));
        }

        #[test]
        fn no_text_makes_it_stumble(text in "P?[0-9DTHMSWY.+-]{0,12}") {
            if let Some(duration) = parse(&text) {
                prop_assert_eq!(parse(&write(duration)), Some(duration));
            }
        }
    }
}
