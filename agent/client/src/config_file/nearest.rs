//! The valid words that are nearest to a wrong one.

use strsim::damerau_levenshtein;

/// The candidates that a person may have meant, the nearest first; at most three.
fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
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

/// Advice for a wrong word: what may have been meant.
pub(super) fn advice<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = nearest(word, candidates);
    let shown: Vec<_> = near.iter().map(|near| format!("`{near}`")).collect();
    match shown.split_last() {
        None => None,
        Some((one, [])) => Some(format!("did you mean {one}?")),
        Some((last, others)) => Some(format!("did you mean {} or {last}?", others.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_the_far_do_not_come() {
        let words = ["authtoken", "web_addr", "metadata"];
        assert_eq!(advice("auth_token", words).as_deref(), Some("did you mean `authtoken`?"));
        assert_eq!(advice("volume", words), None);
    }
}
