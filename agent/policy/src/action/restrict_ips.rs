//! `restrict-ips`, and the IP restriction module.

use std::net::IpAddr;

use http::StatusCode;
use ipnet::IpNet;
use serde_json::json;

use crate::denial::Denial;
use crate::error::{ModuleError, PolicyError, code};
use crate::facts::{self, ActionResult};
use crate::reading::Value;

/// How many ranges a list may have.
const MAX_RANGES: usize = 1000;

/// `restrict-ips`: who may come in by the connection's own address, never by a header.
///
/// An address passes if it is in no denied range and, where ranges are allowed, in one of those.
#[derive(Clone, Debug)]
pub struct RestrictIps {
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
    enforce: bool,
}

/// What was found about an address.
#[derive(Clone, Debug)]
struct Finding {
    allowed: bool,
    matched: Option<IpNet>,
}

impl RestrictIps {
    /// The IP restriction module: ranges as `10.0.0.0/8` or single addresses.
    pub fn new<'a>(
        allow: impl IntoIterator<Item = &'a str>,
        deny: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ModuleError> {
        let read = |text: &str| {
            range(text).ok_or_else(|| ModuleError(format!("`{text}` is not a range of addresses (CIDR).")))
        };
        let allow: Vec<_> = allow.into_iter().map(read).collect::<Result<_, _>>()?;
        let deny: Vec<_> = deny.into_iter().map(read).collect::<Result<_, _>>()?;
        if allow.is_empty() && deny.is_empty() {
            return Err(ModuleError("An IP restriction needs ranges to allow or to deny.".to_owned()));
        }
        Ok(Self { allow, deny, enforce: true })
    }

    pub(crate) fn read(config: &Value<'_>) -> Result<Self, PolicyError> {
        let mut members = config.members()?;
        let enforce = members.optional("enforce").map(|value| value.boolean()).transpose()?.unwrap_or(true);
        let allow = members.optional("allow").map(|list| ranges(&list)).transpose()?.unwrap_or_default();
        let deny = members.optional("deny").map(|list| ranges(&list)).transpose()?.unwrap_or_default();
        if let Some(policies) = members.optional("ip_policies") {
            return Err(
                policies.error("this edge has no IP policies; write the ranges into `allow` and `deny`")
            );
        }
        members.finish()?;
        if allow.is_empty() && deny.is_empty() {
            return Err(config.error("there must be ranges in `allow` or in `deny`"));
        }
        Ok(Self { allow, deny, enforce })
    }

    /// Whether a client at this address may come in.
    pub fn decide(&self, client: IpAddr) -> Result<ActionResult, Denial> {
        let finding = self.find(client.to_canonical());
        if !finding.allowed && self.enforce {
            let message = format!("The address {client} may not use this endpoint.");
            return Err(Denial::new(StatusCode::FORBIDDEN, Some(code::IP_RESTRICTION), message));
        }
        let error = match finding.allowed {
            true => facts::no_error(),
            false => facts::error(Some(code::IP_RESTRICTION), "the address may not use this endpoint"),
        };
        let members = json!({
            "action": if finding.allowed { "allow" } else { "deny" },
            "matched_cidr": finding.matched.map(|range| range.to_string()).unwrap_or_default(),
            "error": error,
        });
        Ok(ActionResult { action: "restrict_ips", members })
    }

    fn find(&self, client: IpAddr) -> Finding {
        let within = |ranges: &[IpNet]| ranges.iter().find(|range| range.contains(&client)).copied();
        if let Some(range) = within(&self.deny) {
            return Finding { allowed: false, matched: Some(range) };
        }
        let matched = within(&self.allow);
        Finding { allowed: matched.is_some() || self.allow.is_empty(), matched }
    }
}

fn ranges(list: &Value<'_>) -> Result<Vec<IpNet>, PolicyError> {
    let read = |item: &Value<'_>| {
        let text = item.literal()?;
        range(text).ok_or_else(|| item.refused(code::CIDR, format!("Invalid CIDR(s): `{text}`.")))
    };
    list.items(0..=MAX_RANGES)?.iter().map(read).collect()
}

fn range(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(allow: &[&str], deny: &[&str], client: &str) -> bool {
        let action = RestrictIps::new(allow.iter().copied(), deny.iter().copied()).unwrap();
        action.decide(client.parse().unwrap()).is_ok()
    }

    #[test]
    fn denied_ranges_win_over_allowed_ones() {
        let (allow, deny) = (&["127.0.0.0/8", "2001:db8::/32"][..], &["127.9.0.0/16"][..]);
        assert!(passes(allow, deny, "127.1.2.3"));
        assert!(passes(allow, deny, "2001:db8::7"));
        assert!(!passes(allow, deny, "127.9.2.3"));
        assert!(!passes(allow, deny, "10.0.0.1"), "some are allowed, and it is none of them");
        assert!(passes(&[], deny, "10.0.0.1"));
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_itself() {
        assert!(!passes(&[], &["127.0.0.0/8"], "::ffff:127.0.0.1"));
        assert!(passes(&["127.0.0.1"], &[], "::ffff:127.0.0.1"));
    }

    #[test]
    fn a_refusal_says_which_address_and_why() {
        let action = RestrictIps::new([], ["0.0.0.0/0"]).unwrap();
        let denial = action.decide("127.3.0.1".parse().unwrap()).unwrap_err();
        assert_eq!((denial.status.as_u16(), denial.code), (403, Some(3205)));
        assert_eq!(denial.message, "The address 127.3.0.1 may not use this endpoint.");
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        for text in ["", "127.0.0.0/33", "localhost", "127.0.0"] {
            assert!(RestrictIps::new([text], []).is_err(), "{text}");
        }
        assert!(RestrictIps::new([], []).is_err());
    }
}
