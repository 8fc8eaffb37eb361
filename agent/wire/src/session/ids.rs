//! Which ids the peer may open streams with.

use std::collections::BTreeSet;

use super::Role;
use super::close::Violation;

/// How many ids may be passed over, in one step and in all. Some clients number a stream when it is asked for and open
/// it when it is first written to, so that ids may come in another order than they were given, or never.
const MAX_SKIPPED: usize = 512;

#[derive(Debug)]
pub(super) struct PeerIds {
    peer: Role,
    highest: u32,
    skipped: BTreeSet<u32>,
}

impl PeerIds {
    pub(super) fn new(peer: Role) -> Self {
        Self { peer, highest: 0, skipped: BTreeSet::new() }
    }

    /// The highest id that was opened, 0 when none was.
    pub(super) fn highest(&self) -> u32 {
        self.highest
    }

    /// Takes note of a new stream of the peer's.
    pub(super) fn admit(&mut self, id: u32) -> Result<(), Violation> {
        if id % 2 != self.peer.first_id() % 2 {
            return Err(Violation::Parity(id));
        }
        if id <= self.highest {
            return if self.skipped.remove(&id) { Ok(()) } else { Err(Violation::Order(id)) };
        }
        let expected = if self.highest == 0 { id % 2 } else { self.highest + 2 };
        if (id - expected) as usize / 2 > MAX_SKIPPED {
            return Err(Violation::Order(id));
        }
        self.skipped.extend((expected..id).step_by(2).filter(|id| *id > 0));
        while self.skipped.len() > MAX_SKIPPED {
            self.skipped.pop_first();
        }
        self.highest = id;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_peers_ids_have_its_parity() {
        assert_eq!(PeerIds::new(Role::Client).admit(4), Err(Violation::Parity(4)));
        assert_eq!(PeerIds::new(Role::Server).admit(3), Err(Violation::Parity(3)));
        assert_eq!(PeerIds::new(Role::Server).admit(2), Ok(()));
    }

    #[test]
    fn ids_may_overtake_each_other_but_never_come_twice() {
        let mut ids = PeerIds::new(Role::Client);
        for id in [3, 9, 5, 7, 11] {
            assert_eq!(ids.admit(id), Ok(()));
        }
        assert_eq!(ids.highest(), 11);
        for id in [3, 5, 9, 11] {
            assert_eq!(ids.admit(id), Err(Violation::Order(id)));
        }
        assert_eq!(ids.admit(100_001), Err(Violation::Order(100_001)));
    }

    proptest! {
        #[test]
        fn no_id_is_admitted_twice_and_memory_is_bounded(steps in prop::collection::vec(0_u32..600, 1..200)) {
            let mut ids = PeerIds::new(Role::Client);
            let mut seen = BTreeSet::new();
            let mut next = 1;
            for step in steps {
                next += 2 * (step / 2);
                if ids.admit(next).is_ok() {
                    prop_assert!(seen.insert(next));
                }
                next = next.saturating_sub(2 * (step % 5)).max(1);
                prop_assert!(ids.skipped.len() <= MAX_SKIPPED);
            }
        }
    }
}
