//! Things in the order in which they came, each found by its id at once, however many there are.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Things by id, oldest first. Each has a number too, larger than those that came before it.
#[derive(Debug)]
pub(super) struct Register<K, V> {
    numbers: HashMap<K, u64>,
    things: BTreeMap<u64, V>,
    next: u64,
}

impl<K: Eq + Hash, V> Register<K, V> {
    pub(super) fn new() -> Self {
        Self { numbers: HashMap::new(), things: BTreeMap::new(), next: 0 }
    }

    /// Adds a thing whose id is new, and tells its number.
    pub(super) fn add(&mut self, id: K, thing: V) -> u64 {
        let number = self.next;
        self.next += 1;
        self.numbers.insert(id, number);
        self.things.insert(number, thing);
        number
    }

    pub(super) fn remove(&mut self, id: &K) -> Option<(u64, V)> {
        let number = self.numbers.remove(id)?;
        Some((number, self.things.remove(&number)?))
    }

    pub(super) fn get(&self, id: &K) -> Option<&V> {
        self.numbered(*self.numbers.get(id)?)
    }

    pub(super) fn get_mut(&mut self, id: &K) -> Option<&mut V> {
        self.things.get_mut(self.numbers.get(id)?)
    }

    pub(super) fn numbered(&self, number: u64) -> Option<&V> {
        self.things.get(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &V> {
        self.things.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_first_comes_first_and_keeps_its_number() {
        let mut register = Register::new();
        let [one, two, three] = ["one", "two", "three"].map(|id| register.add(id, id.to_owned()));
        assert_eq!(register.remove(&"two"), Some((two, "two".to_owned())));
        assert_eq!(register.remove(&"two"), None);
        register.get_mut(&"one").unwrap().push('!');
        assert_eq!(register.iter().collect::<Vec<_>>(), ["one!", "three"]);
        assert_eq!(register.numbered(one), register.get(&"one"));
        assert!(register.add("two", String::new()) > three);
    }
}
