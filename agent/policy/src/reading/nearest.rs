//! The valid words that are nearest to a wrong one.

use strsim::damerau_levenshtein;

/// What may have been meant, or all there is if that is little: ``did you mean `deny`?``.
pub(crate) fn advice<'a>(word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let mut all: Vec<&str> = candidates.collect();
    all.sort_unstable();
    match all.is_empty() {
        true => "there is none".to_owned(),
        false => format!("there is {}", all.join(", ")),
    }
}

/// The candidate that a person may have meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written = word.to_lowercase();
    // A third of the letters may be wrong, and two in a short word.
    let bound = (written.chars().count() / 3).max(2);
    candidates
        .map(|candidate| (damerau_levenshtein(&written, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= bound && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_offered_and_else_all_of_them() {
        let words = ["deny", "redirect", "log"];
        assert_eq!(advice("dney", words.into_iter()), "did you mean `deny`?");
        assert_eq!(advice("teleport", words.into_iter()), "there is deny, log, redirect");
    }
}
