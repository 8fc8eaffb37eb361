//! One-time passwords: RFC 6238 (TOTP) over RFC 4226 (HOTP), with HMAC-SHA-1, 30 seconds and six digits, as Okta Verify
//! and nearly every other authenticator app has them.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use ground::{Secret, random};

/// How long a code is shown, in seconds.
const PERIOD: u64 = 30;

/// How many steps a device's clock may be off, either way.
const SKEW: u64 = 1;

/// The number of a period since the epoch.
pub(crate) type Step = u64;

/// The key that an org and an authenticator app share.
#[derive(Clone)]
pub(crate) struct TotpKey(Vec<u8>);

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeRefusal {
    /// It is no code of this time.
    Wrong,
    /// It is one of this time, but it or a later one was taken already.
    Used,
}

impl TotpKey {
    /// A new key of 160 bits (RFC 4226, section 4, R6).
    pub(crate) fn generate() -> Self {
        Self(random::bytes::<20>().to_vec())
    }

    /// The key that base32 text says: 80 to 512 bits, in upper case and without padding, as QR codes have it.
    pub(crate) fn of_base32(text: &str) -> Option<Self> {
        let bytes = BASE32_NOPAD.decode(text.as_bytes()).ok()?;
        (10..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    pub(crate) fn base32(&self) -> Secret {
        Secret::new("TOTP secret", BASE32_NOPAD.encode(&self.0))
    }

    /// The code that an authenticator app shows at this time.
    pub(crate) fn code_at(&self, now: DateTime<Utc>) -> String {
        self.code(step_at(now))
    }

    /// The step whose code this is: the present one or a neighbour of it, and later than the `last` one taken.
    pub(super) fn step_of(
        &self,
        code: &str,
        now: DateTime<Utc>,
        last: Option<Step>,
    ) -> Result<Step, CodeRefusal> {
        let present = step_at(now);
        let window = present.saturating_sub(SKEW)..=present + SKEW;
        // All are compared, so that the time tells nothing of which it was.
        let matching: Vec<Step> = window.filter(|step| equal(&self.code(*step), code)).collect();
        match matching.iter().rev().find(|step| last.is_none_or(|last| **step > last)) {
            Some(step) => Ok(*step),
            None if matching.is_empty() => Err(CodeRefusal::Wrong),
            None => Err(CodeRefusal::Used),
        }
    }

    /// HOTP of a counter (RFC 4226, section 5.3).
    fn code(&self, counter: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &counter.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[tag.len() - 1] & 0xf);
        let mut word = [0; 4];
        word.copy_from_slice(&tag[offset..offset + 4]);
        format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
    }
}

fn step_at(now: DateTime<Utc>) -> Step {
    u64::try_from(now.timestamp()).unwrap_or_default() / PERIOD
}

fn equal(a: &str, b: &str) -> bool {
    verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

impl fmt::Debug for TotpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[TOTP key]")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> TotpKey {
        TotpKey(b"12345678901234567890".to_vec())
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_4226_appendix_d() {
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (counter, code) in (0..).zip(expected) {
            assert_eq!(key().code(counter), code);
        }
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let expected = [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ];
        for (seconds, eight_digits) in expected {
            assert_eq!(key().code_at(at(seconds)), eight_digits[2..]);
        }
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let now = at(1_111_111_111);
        for (offset, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let code = key().code_at(at(1_111_111_111 + offset));
            assert_eq!(key().step_of(&code, now, None).is_ok(), taken, "{offset}");
        }
        for odd in ["", "50471", "0050471", "050471 ", "٠٥٠٤٧١", "05047a"] {
            assert_eq!(key().step_of(odd, now, None), Err(CodeRefusal::Wrong), "{odd}");
        }
    }

    #[test]
    fn a_code_at_or_before_the_last_one_taken_is_used() {
        let now = at(1_111_111_111);
        let present = key().step_of(&key().code_at(now), now, None).unwrap();
        let of = |offset: i64| key().code_at(now + chrono::TimeDelta::seconds(offset));
        assert_eq!(key().step_of(&of(0), now, Some(present)), Err(CodeRefusal::Used));
        assert_eq!(key().step_of(&of(-30), now, Some(present)), Err(CodeRefusal::Used));
        assert_eq!(key().step_of(&of(30), now, Some(present)), Ok(present + 1));
        assert_eq!(key().step_of(&of(0), now, Some(present + 1)), Err(CodeRefusal::Used));
        assert_eq!(key().step_of("000000", now, Some(present)), Err(CodeRefusal::Wrong));
    }

    #[test]
    fn keys_are_read_strictly_and_never_shown() {
        assert_eq!(key().base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for odd in ["", "GEZDGNBV", "gezdgnbvgy3tqojq", "GEZDGNBVGY3TQOJ1", "GEZDGNBVGY3TQOJQ="] {
            assert!(TotpKey::of_base32(odd).is_none(), "{odd}");
        }
        assert_eq!(format!("{:?}", key()), "[TOTP key]");
    }

    proptest! {
        #[test]
        fn a_key_comes_back_from_its_base32(bytes in prop::collection::vec(any::<u8>(), 10..=64)) {
            let text = TotpKey(bytes.clone()).base32();
            prop_assert_eq!(TotpKey::of_base32(text.expose()).unwrap().0, bytes);
        }
    }
}
