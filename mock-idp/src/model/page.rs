//! Lists come in pages, by the order in which things were made.

/// Which part of a list.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// The last identifier of the page before; from the beginning when absent.
    pub after: Option<String>,
    /// How many at most; all when absent.
    pub limit: Option<usize>,
}

/// Part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, oldest first.
    pub items: Vec<T>,
    /// The `after` of the following page, if there is one.
    pub next: Option<String>,
}

impl PageRequest {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// Cuts a page out of `items`, which are sorted by `key` and come from just behind [`after`](Self::after) on.
    pub(crate) fn cut<T>(&self, items: impl Iterator<Item = T>, key: impl Fn(&T) -> String) -> Page<T> {
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut items = items.peekable();
        let taken: Vec<T> = items.by_ref().take(limit).collect();
        let next = items.peek().and(taken.last()).map(key);
        Page { items: taken, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_names_no_next() {
        let page = |limit| PageRequest { after: None, limit: Some(limit) }.cut(1..=4, ToString::to_string);
        assert_eq!((page(3).items, page(3).next), (vec![1, 2, 3], Some("3".to_owned())));
        assert_eq!((page(4).items.len(), page(4).next), (4, None));
        assert_eq!(PageRequest::all().cut(1..=4, ToString::to_string).next, None);
    }
}
