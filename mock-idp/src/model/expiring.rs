//! What lives for a while and is found by a secret: codes, tokens, sign-ins under way.

use std::collections::{HashMap, VecDeque};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};

/// A secret's SHA-256. Things are looked up by it, so that the time of a lookup tells nothing about the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(secret: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Entries that all live equally long, at most `capacity` of them: the oldest go first.
#[derive(Debug)]
pub(crate) struct Expiring<V> {
    entries: HashMap<Digest, (DateTime<Utc>, V)>,
    by_age: VecDeque<(DateTime<Utc>, Digest)>,
    capacity: usize,
}

impl<V> Expiring<V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), by_age: VecDeque::new(), capacity }
    }

    pub(crate) fn insert(&mut self, key: Digest, value: V, expires: DateTime<Utc>, now: DateTime<Utc>) {
        while let Some((oldest, key)) = self.by_age.front().copied() {
            if oldest > now && self.by_age.len() < self.capacity {
                break;
            }
            self.by_age.pop_front();
            self.entries.remove(&key);
        }
        self.by_age.push_back((expires, key));
        self.entries.insert(key, (expires, value));
    }

    pub(crate) fn find(&self, key: Digest, now: DateTime<Utc>) -> Option<&V> {
        self.entries.get(&key).filter(|(expires, _)| *expires > now).map(|(_, value)| value)
    }

    pub(crate) fn find_mut(&mut self, key: Digest, now: DateTime<Utc>) -> Option<&mut V> {
        self.entries.get_mut(&key).filter(|(expires, _)| *expires > now).map(|(_, value)| value)
    }

    /// Those that are alive, in no order.
    pub(crate) fn alive(&self, now: DateTime<Utc>) -> impl Iterator<Item = &V> {
        self.entries.values().filter(move |(expires, _)| *expires > now).map(|(_, value)| value)
    }

    /// Takes out whatever `chosen` picks, and says how many of them were alive.
    pub(crate) fn take_all(&mut self, now: DateTime<Utc>, chosen: impl Fn(&V) -> bool) -> usize {
        let mut alive = 0;
        self.entries.retain(|_, (expires, value)| {
            let taken = chosen(value);
            alive += usize::from(taken && *expires > now);
            !taken
        });
        alive
    }

    /// Takes the entry out; it is gone, alive or not.
    pub(crate) fn take(&mut self, key: Digest, now: DateTime<Utc>) -> Option<V> {
        self.entries.remove(&key).filter(|(expires, _)| *expires > now).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn entries_end_at_their_time_and_the_oldest_make_room() {
        let now = Utc::now();
        let (soon, later) = (now + TimeDelta::seconds(5), now + TimeDelta::seconds(10));
        let [a, b, c] = ["a", "b", "c"].map(Digest::of);
        let mut entries = Expiring::new(2);
        entries.insert(a, 1, soon, now);
        entries.insert(b, 2, later, now);
        assert_eq!(entries.find(a, now), Some(&1));
        assert_eq!(entries.find(a, soon), None, "the moment of expiry is past it");
        entries.insert(c, 3, later, now);
        assert_eq!((entries.find(a, now), entries.find(b, now)), (None, Some(&2)));
        assert_eq!(entries.take(c, now), Some(3));
        assert_eq!(entries.take(c, now), None);
        entries.insert(a, 4, later, later);
        assert_eq!(entries.by_age.len(), 1, "what has expired is thrown away");
    }
}
