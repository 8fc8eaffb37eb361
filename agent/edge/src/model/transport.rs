//! What an endpoint asks of the connections that it takes, before anyone looks at what they carry.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::termination::Termination;
use crate::proxy::ProxyProtocol;

/// How many ranges each list of a restriction has at most.
const MOST_RANGES: usize = 1024;

/// What an endpoint asks of the connections that it takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transport {
    pub(crate) restriction: Restriction,
    /// How the edge ends TLS. None: as for every site where HTTP is spoken, and not at all for a `tls` endpoint.
    pub(crate) termination: Option<Arc<Termination>>,
    /// How the upstream is told whom a connection is for, when it is.
    pub(crate) proxy_protocol: Option<ProxyProtocol>,
}

/// Which addresses may connect: those of the allowed ranges, or all where none is named, but for the denied ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restriction {
    allowed: Vec<IpNet>,
    denied: Vec<IpNet>,
}

impl Restriction {
    /// A restriction from ranges as they are written, `10.0.0.0/8`, or single addresses.
    pub(crate) fn parse(allowed: &[String], denied: &[String]) -> Result<Self, String> {
        Ok(Self { allowed: ranges(allowed)?, denied: ranges(denied)? })
    }

    /// Whether this address may connect.
    pub(crate) fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let within = |ranges: &[IpNet]| ranges.iter().any(|range| range.contains(&address));
        !within(&self.denied) && (self.allowed.is_empty() || within(&self.allowed))
    }
}

fn ranges(texts: &[String]) -> Result<Vec<IpNet>, String> {
    if texts.len() > MOST_RANGES {
        return Err(format!("a restriction has at most {MOST_RANGES} ranges, not {}", texts.len()));
    }
    let range = |text: &String| {
        let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        parsed.map_err(|_| format!("{text:?} is no range of addresses, such as 10.0.0.0/8"))
    };
    texts.iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restriction(allowed: &[&str], denied: &[&str]) -> Restriction {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Restriction::parse(&texts(allowed), &texts(denied)).unwrap()
    }

    #[test]
    fn the_denied_are_out_and_the_allowed_alone_are_in() {
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(Restriction::default().permits(at("198.51.100.1")));
        let allowing = restriction(&["10.0.0.0/8", "2001:db8::1"], &["10.1.0.0/16"]);
        assert!(allowing.permits(at("10.2.3.4")));
        assert!(allowing.permits(at("::ffff:10.2.3.4")));
        assert!(allowing.permits(at("2001:db8::1")));
        assert!(!allowing.permits(at("10.1.3.4")));
        assert!(!allowing.permits(at("192.0.2.1")));
        assert!(!restriction(&[], &["0.0.0.0/0"]).permits(at("192.0.2.1")));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        assert!(Restriction::parse(&["10.0.0.0/33".to_owned()], &[]).is_err());
        assert!(Restriction::parse(&[], &["everyone".to_owned()]).is_err());
        assert!(Restriction::parse(&vec!["10.0.0.1".to_owned(); MOST_RANGES + 1], &[]).is_err());
    }
}
