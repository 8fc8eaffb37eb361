//! The valid words that are nearest to a wrong one.

use strsim::damerau_levenshtein;

/// The candidates that a person may have meant, the nearest first; at most three.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let written = word.to_lowercase();
    // A third of the letters may be wrong, and two in a short word.
    let bound = (written.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = damerau_levenshtein(&written, &candidate.to_lowercase());
            let is_near = distance <= bound && distance < candidate.chars().count();
            let begins = written.len() >= 3 && candidate.starts_with(&written);
            (is_near || begins).then_some((distance, candidate))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate).take(3).collect()
}

/// `a, b or c`.
pub(crate) fn listed<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    let shown: Vec<_> = items.iter().map(show).collect();
    match shown.split_last() {
        None => String::new(),
        Some((one, [])) => one.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// Advice for a wrong word: what may have been meant, or all there is if that is little.
pub(crate) fn advice<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    let near = nearest(word, candidates.clone());
    if !near.is_empty() {
        return Some(format!("did you mean {}?", listed(&near, |near| format!("`{near}`"))));
    }
    let all: Vec<_> = candidates.into_iter().collect();
    (1..=24).contains(&all.len()).then(|| format!("there is {}", listed(&all, |one| format!("`{one}`"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_the_far_do_not_come() {
        let words = ["signs in", "signs in with", "sees", "does not see", "reloads"];
        assert_eq!(nearest("sings in", words), ["signs in"]);
        assert_eq!(nearest("see", words), ["sees"]);
        assert!(nearest("explodes", words).is_empty());
        assert_eq!(advice("xyzzy", ["app"]), Some("there is `app`".to_owned()));
        assert_eq!(advice("xyzzy", []), None);
    }
}
