//! Source addresses in 127.0.0.0/8, a different one for each person and part.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Hands out loopback addresses, each once in sixteen million. One run has one of these, so that its stages never
/// share an address; clones draw from the same stock. Each starts at a random place, so that runs side by side on one
/// machine rarely meet either.
#[derive(Clone, Debug)]
pub struct Addresses {
    next: Arc<AtomicU32>,
}

/// 127.1.0.0 to 127.255.255.255: 127.0.0.0/16 is left to whatever else runs here.
const FIRST: u32 = u32::from_be_bytes([127, 1, 0, 0]);
const COUNT: u32 = 255 << 16;

impl Addresses {
    /// A new stock.
    pub fn new() -> Self {
        Self { next: Arc::new(AtomicU32::new(u32::from_be_bytes(ground::random::bytes()))) }
    }

    /// An address that nobody has yet, never one that ends in 0 or 255.
    pub fn draw(&self) -> Ipv4Addr {
        loop {
            let position = self.next.fetch_add(1, Ordering::Relaxed) % COUNT;
            let address = Ipv4Addr::from(FIRST + position);
            if !matches!(address.octets()[3], 0 | 255) {
                return address;
            }
        }
    }
}

impl Default for Addresses {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn addresses_are_loopback_and_differ() {
        let addresses = Addresses::new();
        let drawn: HashSet<_> = (0..2000).map(|_| addresses.clone().draw()).collect();
        assert_eq!(drawn.len(), 2000);
        for address in drawn {
            let [_, second, _, last] = address.octets();
            assert!(address.is_loopback() && second != 0 && last != 0 && last != 255, "{address}");
        }
    }

    #[test]
    fn the_stock_starts_again_at_its_end() {
        let addresses = Addresses { next: Arc::new(AtomicU32::new(u32::MAX)) };
        assert!(addresses.draw().is_loopback());
        assert!(addresses.draw().is_loopback());
    }
}
