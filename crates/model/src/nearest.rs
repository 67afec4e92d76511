/// The candidate that a mistyped word most likely meant; `None` when nothing is close.
///
/// Close is at most one edit for words of up to five letters and a third of the letters beyond
/// (an edit inserts, drops or replaces a letter, or swaps two neighbours), or a candidate of which
/// the word is a part (`agent` of `user_agent`). ASCII case does not count.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word: Vec<char> = word.to_ascii_lowercase().chars().collect();
    // What a person mistypes is short; a pasted page must not cost quadratic time.
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    let allowed = (word.len() / 3).max(1);
    let written: String = word.iter().collect();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let edits = distance(&word, candidate);
            let is_part = word.len() >= 3 && candidate.contains(&written);
            match (edits <= allowed, is_part) {
                (true, _) => Some((edits, candidate)),
                (false, true) => Some((allowed + 1, candidate)),
                (false, false) => None,
            }
        })
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.to_ascii_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let fields = ["service", "actor", "status", "user", "user_agent", "path"];
        let near = |word| nearest(word, fields);
        assert_eq!(near("sevrice"), Some("service"));
        assert_eq!(near("Status"), Some("status"));
        assert_eq!(near("usr"), Some("user"));
        assert_eq!(near("agent"), Some("user_agent"));
        assert_eq!(near("useragent"), Some("user_agent"));
        assert_eq!(near("colour"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn a_swap_is_one_edit() {
        let word: Vec<char> = "pahts".chars().collect();
        assert_eq!(distance(&word, "paths"), 1);
        assert_eq!(distance(&word, ""), 5);
    }
}
