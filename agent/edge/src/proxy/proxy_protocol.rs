//! The PROXY protocol (HAProxy's `proxy-protocol.txt`, 2.1 and 2.2): the first bytes of a stream tell whom it is for.

use std::net::{IpAddr, SocketAddr};

use ground::Connection;

/// A version of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyProtocol {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, and a connection that is passed on.
const PROXY: u8 = 0x21;
const TCP_OVER_IPV4: u8 = 0x11;
const TCP_OVER_IPV6: u8 = 0x21;

impl ProxyProtocol {
    /// The version of that number: none for 0.
    pub(crate) fn of_number(number: u8) -> Result<Option<Self>, String> {
        match number {
            0 => Ok(None),
            1 => Ok(Some(Self::V1)),
            2 => Ok(Some(Self::V2)),
            other => Err(format!("there are versions 1 and 2 of the PROXY protocol, not {other}")),
        }
    }

    /// What stands in front of the bytes of this connection.
    pub(crate) fn header(self, connection: Connection) -> Vec<u8> {
        let (from, to) = alike(connection.peer, connection.local);
        match self {
            Self::V1 => {
                let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
                let (source, destination) = (from.ip(), to.ip());
                format!("PROXY {family} {source} {destination} {} {}\r\n", from.port(), to.port())
                    .into_bytes()
            }
            Self::V2 => binary(from, to),
        }
    }
}

fn binary(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    let mut addresses = Vec::with_capacity(36);
    for address in [from, to] {
        match address.ip() {
            IpAddr::V4(address) => addresses.extend(address.octets()),
            IpAddr::V6(address) => addresses.extend(address.octets()),
        }
    }
    addresses.extend(from.port().to_be_bytes());
    addresses.extend(to.port().to_be_bytes());
    let family = if from.is_ipv4() { TCP_OVER_IPV4 } else { TCP_OVER_IPV6 };
    let mut header = SIGNATURE.to_vec();
    header.extend([PROXY, family]);
    header.extend((addresses.len() as u16).to_be_bytes());
    header.extend(addresses);
    header
}

/// Both addresses in one family, IPv4 where both can be.
fn alike(from: SocketAddr, to: SocketAddr) -> (SocketAddr, SocketAddr) {
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let (from, to) = (plain(from), plain(to));
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    if from.is_ipv4() == to.is_ipv4() { (from, to) } else { (mapped(from), mapped(to)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(peer: &str, local: &str) -> Connection {
        Connection { peer: peer.parse().unwrap(), local: local.parse().unwrap() }
    }

    #[test]
    fn the_first_version_is_a_line() {
        let line =
            |peer, local| String::from_utf8(ProxyProtocol::V1.header(connection(peer, local))).unwrap();
        let expected = "PROXY TCP4 203.0.113.7 192.0.2.1 51234 443\r\n";
        assert_eq!(line("203.0.113.7:51234", "192.0.2.1:443"), expected);
        assert_eq!(line("[::ffff:203.0.113.7]:51234", "192.0.2.1:443"), expected);
        let expected = "PROXY TCP6 2001:db8::7 ::ffff:192.0.2.1 51234 443\r\n";
        assert_eq!(line("[2001:db8::7]:51234", "192.0.2.1:443"), expected);
    }

    #[test]
    fn the_second_version_is_binary() {
        let header = ProxyProtocol::V2.header(connection("203.0.113.7:51234", "192.0.2.1:443"));
        let expected = [
            &b"\r\n\r\n\0\r\nQUIT\n"[..],
            &[0x21, 0x11, 0, 12, 203, 0, 113, 7, 192, 0, 2, 1, 0xc8, 0x22, 0x01, 0xbb],
        ];
        assert_eq!(header, expected.concat());
        let header = ProxyProtocol::V2.header(connection("[2001:db8::7]:1", "[::1]:2"));
        assert_eq!((header.len(), &header[12..16]), (16 + 36, &[0x21, 0x21, 0, 36][..]));
        assert_eq!(header[header.len() - 4..], [0, 1, 0, 2]);
    }

    #[test]
    fn there_are_two_versions() {
        assert_eq!(ProxyProtocol::of_number(0), Ok(None));
        assert_eq!(ProxyProtocol::of_number(2), Ok(Some(ProxyProtocol::V2)));
        assert!(ProxyProtocol::of_number(3).is_err());
    }
}
