//! What differs between what was expected and what was, word by word.

/// A stretch of a text, and whether the other text lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch<'a> {
    pub(super) text: &'a str,
    pub(super) own: bool,
}

/// How many words a text may have to be compared; the time taken is their product.
const MOST_WORDS: usize = 600;

/// Both texts, in stretches. Where they have less than half in common (of the shorter one), or are too long, nothing is
/// pointed at: two texts of which most is marked are harder to read than two plain ones.
pub(super) fn compared<'a>(expected: &'a str, actual: &'a str) -> [Vec<Stretch<'a>>; 2] {
    let whole = |text| vec![Stretch { text, own: false }];
    let (one, other) = (words(expected), words(actual));
    if expected == actual || one.len() > MOST_WORDS || other.len() > MOST_WORDS {
        return [whole(expected), whole(actual)];
    }
    let shared = shared(&one, &other);
    let sizes = |words: &[&str]| words.iter().map(|word| word.len()).sum::<usize>();
    let in_common = shared.iter().map(|(at, _)| one[*at].len()).sum::<usize>();
    if in_common * 2 < sizes(&one).min(sizes(&other)) {
        return [whole(expected), whole(actual)];
    }
    let (at_one, at_other): (Vec<_>, Vec<_>) = shared.into_iter().unzip();
    [stretches(expected, &one, &at_one), stretches(actual, &other, &at_other)]
}

/// Runs of letters and digits, and each other character by itself.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first.is_alphanumeric() {
            true => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

/// The places of a longest common subsequence, in both.
fn shared(one: &[&str], other: &[&str]) -> Vec<(usize, usize)> {
    let width = other.len() + 1;
    // lengths[i * width + j]: how much of one[i..] and other[j..] is shared, in bytes, so that long words count.
    let mut lengths = vec![0_usize; (one.len() + 1) * width];
    for i in (0..one.len()).rev() {
        for j in (0..other.len()).rev() {
            lengths[i * width + j] = match one[i] == other[j] {
                true => lengths[(i + 1) * width + j + 1] + one[i].len(),
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut shared) = (0, 0, Vec::new());
    while i < one.len() && j < other.len() {
        if one[i] == other[j] {
            shared.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    shared
}

/// The text cut where words that only it has begin or end. A lone separator between two of those belongs to them.
fn stretches<'a>(text: &'a str, words: &[&str], shared: &[usize]) -> Vec<Stretch<'a>> {
    let mut own = vec![true; words.len()];
    shared.iter().for_each(|at| own[*at] = false);
    let separator = |at: usize| words[at].chars().all(|c| !c.is_alphanumeric());
    let between = |at: usize| at > 0 && own[at - 1] && own.get(at + 1) == Some(&true);
    let (mut out, mut begin, mut end): (Vec<Stretch<'a>>, _, _) = (Vec::new(), 0, 0);
    for at in 0..words.len() {
        let own = own[at] || (separator(at) && between(at));
        match out.last() {
            Some(last) if last.own == own => {
                out.pop();
            }
            _ => begin = end,
        }
        end += words[at].len();
        out.push(Stretch { text: &text[begin..end], own });
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(expected: &str, actual: &str) -> [String; 2] {
        let mark = |stretch: &Stretch<'_>| match stretch.own {
            true => format!("«{}»", stretch.text),
            false => stretch.text.to_owned(),
        };
        compared(expected, actual).map(|side| side.iter().map(mark).collect())
    }

    #[test]
    fn words_that_one_side_has_are_pointed_at() {
        assert_eq!(
            marked("the page has status 403 for mallory", "the page has status 303 for mallory"),
            ["the page has status «403» for mallory", "the page has status «303» for mallory"]
        );
        assert_eq!(
            marked("https://app.tunnel.test/reports", "https://app.tunnel.test/"),
            ["https://app.tunnel.test/«reports»", "https://app.tunnel.test/"]
        );
        assert_eq!(
            marked("shown the code A_1 here", "shown the app's page here")[1],
            "shown the «app's page» here"
        );
    }

    #[test]
    fn texts_with_little_in_common_are_left_alone() {
        assert_eq!(marked("a page with words", "no answer"), ["a page with words", "no answer"]);
        assert_eq!(marked("ä", "ö"), ["ä", "ö"]);
        assert_eq!(marked("", ""), ["", ""]);
        let long = "word ".repeat(MOST_WORDS);
        assert_eq!(marked(&long, &format!("{long}x"))[0], long);
    }

    proptest! {
        #[test]
        fn the_stretches_are_the_text(one in "[ab äß.]{0,30}", other in "[ab äß.]{0,30}") {
            let text = |side: &Vec<Stretch<'_>>| side.iter().map(|stretch| stretch.text).collect::<String>();
            let [left, right] = compared(&one, &other);
            prop_assert_eq!((text(&left), text(&right)), (one.clone(), other.clone()));
            prop_assert!(left.iter().all(|stretch| !stretch.text.is_empty()) || one.is_empty());
        }
    }
}
