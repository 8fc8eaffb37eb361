//! Ranges of addresses, as network zones list them: `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.1-192.0.2.9`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Addresses of one family, from the first to the last of them, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    notation: Notation,
    first: IpAddr,
    last: IpAddr,
}

/// How a range was written, and is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    /// With the address that stood before the prefix, whose host part Okta keeps as well.
    Cidr {
        written: IpAddr,
        prefix: u8,
    },
    FirstAndLast,
}

/// Why a text is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an IP address, a CIDR range or a range of two addresses")]
pub struct NoAddressRange(String);

impl AddressRange {
    /// Those addresses that share the first `prefix` bits with `address`.
    ///
    /// # Errors
    /// When an address of this family has fewer bits.
    pub fn cidr(address: IpAddr, prefix: u8) -> Result<Self, NoAddressRange> {
        let notation = Notation::Cidr { written: address, prefix };
        let (first, last) = match address {
            IpAddr::V4(written) if prefix <= 32 => {
                let host = u32::MAX.checked_shr(prefix.into()).unwrap_or_default();
                let first = u32::from(written) & !host;
                (Ipv4Addr::from(first).into(), Ipv4Addr::from(first | host).into())
            }
            IpAddr::V6(written) if prefix <= 128 => {
                let host = u128::MAX.checked_shr(prefix.into()).unwrap_or_default();
                let first = u128::from(written) & !host;
                (Ipv6Addr::from(first).into(), Ipv6Addr::from(first | host).into())
            }
            _ => return Err(NoAddressRange(format!("{address}/{prefix}"))),
        };
        Ok(Self { notation, first, last })
    }

    /// One address.
    pub fn of(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Self { notation: Notation::Cidr { written: address, prefix }, first: address, last: address }
    }

    /// Whether the address is one of them. (An IPv4 address that came over an IPv6 socket is the IPv4 address.)
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && (self.first..=self.last).contains(&address)
    }

    /// Whether it is written with a prefix length; else with its first and last address.
    pub fn is_cidr(&self) -> bool {
        matches!(self.notation, Notation::Cidr { .. })
    }
}

impl FromStr for AddressRange {
    type Err = NoAddressRange;

    fn from_str(text: &str) -> Result<Self, NoAddressRange> {
        let wrong = || NoAddressRange(text.chars().take(100).collect());
        let address = |text: &str| text.parse::<IpAddr>().map_err(|_| wrong());
        if let Some((written, prefix)) = text.split_once('/') {
            let digits = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
            let prefix = prefix.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
            return Self::cidr(address(written)?, prefix).map_err(|_| wrong());
        }
        let Some((first, last)) = text.split_once('-') else { return address(text).map(Self::of) };
        let (first, last) = (address(first.trim_end())?, address(last.trim_start())?);
        if first.is_ipv4() != last.is_ipv4() || first > last {
            return Err(wrong());
        }
        Ok(Self { notation: Notation::FirstAndLast, first, last })
    }
}

/// As a text.
impl Serialize for AddressRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AddressRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.notation {
            Notation::Cidr { written, prefix } => write!(f, "{written}/{prefix}"),
            Notation::FirstAndLast => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(text: &str) -> AddressRange {
        text.parse().unwrap()
    }

    #[test]
    fn both_notations_cover_what_they_say() {
        for (text, inside, outside) in [
            ("1.2.3.4/24", ["1.2.3.0", "1.2.3.255"], ["1.2.2.255", "1.2.4.0"]),
            ("127.0.0.9", ["127.0.0.9", "::ffff:127.0.0.9"], ["127.0.0.8", "::7f00:9"]),
            ("10.0.0.5-10.0.1.2", ["10.0.0.5", "10.0.1.2"], ["10.0.0.4", "10.0.1.3"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1"]),
            ("2001:db8::/33", ["2001:db8::", "2001:db8:7fff::"], ["2001:db8:8000::", "2001:db7::"]),
            ("2001:db8::1 - 2001:db8::f", ["2001:db8::1", "2001:db8::f"], ["2001:db8::", "2001:db8::10"]),
        ] {
            let contains = |address: &str| range(text).contains(address.parse().unwrap());
            assert!(inside.iter().all(|address| contains(address)), "{text}");
            assert!(!outside.iter().any(|address| contains(address)), "{text}");
        }
    }

    #[test]
    fn a_range_is_shown_as_it_was_written() {
        for text in ["1.2.3.4/24", "1.2.3.4-1.2.3.9", "2001:db8::1/64"] {
            assert_eq!(range(text).to_string(), text);
        }
        assert_eq!(range("1.2.3.4").to_string(), "1.2.3.4/32");
        assert!(range("::1").is_cidr() && !range("::1-::2").is_cidr());
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "acme",
            "1.2.3",
            "1.2.3.4/",
            "1.2.3.4/33",
            "1.2.3.4/+8",
            "1.2.3.4/ 8",
            "1.2.3.4/0024",
            "::/129",
            "1.2.3.4-",
            "1.2.3.4-1.2.3.3",
            "1.2.3.4-::1",
            "1.2.3.4/24-1.2.3.9",
            "01.2.3.4",
            "1.2.3.4 ",
            "::1%lo",
        ] {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_parsed_or_refused(text in "[0-9a-f.:/ -]{0,60}") {
            if let Ok(parsed) = text.parse::<AddressRange>() {
                prop_assert_eq!(range(&parsed.to_string()), parsed);
                prop_assert!(parsed.contains(parsed.first) && parsed.contains(parsed.last));
            }
        }

        #[test]
        fn a_prefix_covers_what_shares_its_bits(network: u32, address: u32, prefix in 0..=32_u8) {
            let cidr = AddressRange::cidr(Ipv4Addr::from(network).into(), prefix).unwrap();
            let bits = |number: u32| u64::from(number) >> (32 - u64::from(prefix));
            let shares = bits(network) == bits(address);
            prop_assert_eq!(cidr.contains(Ipv4Addr::from(address).into()), shares);
        }

        #[test]
        fn a_long_prefix_covers_what_shares_its_bits(network: u128, flipped in 0..128_u8, prefix in 0..=128_u8) {
            let cidr = AddressRange::cidr(Ipv6Addr::from(network).into(), prefix).unwrap();
            let address = Ipv6Addr::from(network ^ (1 << (127 - flipped)));
            // A mapped IPv4 address is another family's.
            prop_assume!(address.to_ipv4_mapped().is_none());
            prop_assert_eq!(cidr.contains(address.into()), flipped >= prefix);
        }
    }
}
