//! Which names a stage serves, and where they really are.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use super::Refusal;

/// A name that is served, or all names under one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Just this name.
    Exact(String),
    /// `*.suffix`: every name that ends in `.suffix`, at any depth, but not the suffix itself.
    Under(String),
}

/// A text that is no pattern of names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a host name or `*.` and a host name")]
pub struct InvalidPattern {
    given: String,
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let invalid = || InvalidPattern { given: text.to_owned() };
        match text.strip_prefix("*.") {
            Some(suffix) => host_name(suffix).map(Self::Under).ok_or_else(invalid),
            None => host_name(text).map(Self::Exact).ok_or_else(invalid),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Under(suffix) => write!(f, "*.{suffix}"),
        }
    }
}

impl Pattern {
    fn covers(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => name == host,
            Self::Under(suffix) => {
                host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        }
    }

    /// An exact name before any suffix, a longer suffix before a shorter one.
    fn weight(&self) -> usize {
        match self {
            Self::Exact(_) => usize::MAX,
            Self::Under(suffix) => suffix.len(),
        }
    }
}

/// A host name as names are compared: lower case, without the root's dot; `None` if it is none (RFC 1123, 2.1, and the
/// underscore that some systems have).
pub(super) fn host_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then(|| name.to_ascii_lowercase())
}

/// Tells where each port of a name is that is served right now.
pub type Ports = Arc<dyn Fn(u16) -> Option<SocketAddr> + Send + Sync>;

/// The names of one stage.
#[derive(Default)]
pub(super) struct Names {
    served: Vec<(Pattern, u16, SocketAddr)>,
    /// Names whose ports come and go.
    changing: Vec<(Pattern, Ports)>,
}

impl Names {
    /// From now on `pattern` on `port` is at `to`, wherever it was before.
    pub(super) fn serve(&mut self, pattern: Pattern, port: u16, to: SocketAddr) {
        self.withdraw(&pattern, port);
        self.served.push((pattern, port, to));
    }

    /// From now on `ports` tells where the ports of `pattern` are, those aside that are served by themselves.
    pub(super) fn serve_ports(&mut self, pattern: Pattern, ports: Ports) {
        self.changing.retain(|(served, _)| *served != pattern);
        self.changing.push((pattern, ports));
    }

    /// Whether there was something to take away.
    pub(super) fn withdraw(&mut self, pattern: &Pattern, port: u16) -> bool {
        let before = self.served.len();
        self.served.retain(|(served, at, _)| served != pattern || *at != port);
        self.served.len() != before
    }

    /// Where `host` (already a [`host_name`]) on `port` really is.
    pub(super) fn look_up(&self, host: &str, port: u16) -> Result<SocketAddr, Refusal> {
        let covering = || self.served.iter().filter(|(pattern, ..)| pattern.covers(host));
        let here = covering().filter(|(_, at, _)| *at == port);
        let changing = || {
            let covering = self.changing.iter().filter(|(pattern, _)| pattern.covers(host));
            let (_, ports) = covering.max_by_key(|(pattern, _)| pattern.weight())?;
            ports(port).filter(|to| to.ip().is_loopback())
        };
        let here = here.max_by_key(|(pattern, ..)| pattern.weight()).map(|(_, _, to)| *to);
        match here.or_else(changing) {
            Some(to) => Ok(to),
            None => {
                let mut served: Vec<_> = covering().map(|(_, at, _)| *at).collect();
                served.sort_unstable();
                served.dedup();
                Err(if served.is_empty() { Refusal::UnknownName } else { Refusal::WrongPort { served } })
            }
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changing = self.changing.iter().map(|(pattern, _)| pattern);
        f.debug_list().entries(&self.served).entries(changing).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn names(served: &[(&str, u16, u16)]) -> Names {
        let mut names = Names::default();
        for (pattern, port, to) in served {
            names.serve(pattern.parse().unwrap(), *port, at(*to));
        }
        names
    }

    #[test]
    fn an_exact_name_wins_over_suffixes_and_the_longest_suffix_over_others() {
        let names = names(&[("*.test", 443, 1), ("*.tunnel.test", 443, 2), ("app.tunnel.test", 443, 3)]);
        assert_eq!(names.look_up("app.tunnel.test", 443), Ok(at(3)));
        assert_eq!(names.look_up("other.tunnel.test", 443), Ok(at(2)));
        assert_eq!(names.look_up("a.b.tunnel.test", 443), Ok(at(2)));
        assert_eq!(names.look_up("tunnel.test", 443), Ok(at(1)));
        assert_eq!(names.look_up("test", 443), Err(Refusal::UnknownName));
        assert_eq!(names.look_up("eviltunnel.test.example", 443), Err(Refusal::UnknownName));
    }

    #[test]
    fn the_port_counts_and_a_refusal_tells_the_right_ones() {
        let names = names(&[("app.test", 443, 1), ("app.test", 4443, 2)]);
        let refusal = names.look_up("app.test", 80).unwrap_err();
        assert_eq!(refusal, Refusal::WrongPort { served: vec![443, 4443] });
        assert_eq!(refusal.to_string(), "the name is served on port 443, 4443, not on this one");
    }

    #[test]
    fn a_name_can_move_and_go() {
        let mut names = names(&[("app.test", 443, 1)]);
        names.serve("APP.test.".parse().unwrap(), 443, at(9));
        assert_eq!(names.look_up("app.test", 443), Ok(at(9)));
        assert!(names.withdraw(&"app.test".parse().unwrap(), 443));
        assert!(!names.withdraw(&"app.test".parse().unwrap(), 443));
        assert_eq!(names.look_up("app.test", 443), Err(Refusal::UnknownName));
    }

    #[test]
    fn a_names_ports_may_come_and_go() {
        let mut names = names(&[("*.tunnel.test", 443, 1)]);
        let open = Arc::new(std::sync::Mutex::new(vec![4001]));
        let ports = Arc::clone(&open);
        let find = move |port| ports.lock().unwrap().contains(&port).then(|| at(port));
        names.serve_ports("tcp.tunnel.test".parse().unwrap(), Arc::new(find));
        assert_eq!(names.look_up("tcp.tunnel.test", 4001), Ok(at(4001)));
        assert_eq!(names.look_up("tcp.tunnel.test", 443), Ok(at(1)));
        assert_eq!(names.look_up("app.tunnel.test", 4001), Err(Refusal::WrongPort { served: vec![443] }));
        open.lock().unwrap().clear();
        assert_eq!(names.look_up("tcp.tunnel.test", 4001), Err(Refusal::WrongPort { served: vec![443] }));
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 4001));
        names.serve_ports("tcp.tunnel.test".parse().unwrap(), Arc::new(move |_| Some(elsewhere)));
        assert!(names.look_up("tcp.tunnel.test", 4001).is_err());
    }

    #[test]
    fn what_is_no_name_is_refused_as_a_pattern() {
        for text in ["", "*", "*.", "a..b", "-*.test", "a b", "*.*.test", "ä.test", &"a.".repeat(130)] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
        assert_eq!("*.Tunnel.Test".parse::<Pattern>().unwrap().to_string(), "*.tunnel.test");
    }

    proptest! {
        #[test]
        fn a_pattern_covers_only_what_is_under_it(host in "[a-z.]{1,20}", suffix in "[a-z]{1,5}\\.test") {
            let pattern: Pattern = format!("*.{suffix}").parse().unwrap();
            if pattern.covers(&host) {
                let tail = format!(".{suffix}");
                prop_assert!(host.ends_with(&tail) && host.len() > tail.len());
            }
        }
    }
}
