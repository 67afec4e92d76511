/// Both lists in one, in the order of their keys, in which they are; what has the same key is added
/// up.
pub(crate) fn merged<K: Ord, V>(
    known: impl IntoIterator<Item = (K, V)>,
    added: impl IntoIterator<Item = (K, V)>,
    add: impl Fn(&mut V, V),
) -> Vec<(K, V)> {
    let mut known = known.into_iter().peekable();
    let mut all: Vec<(K, V)> = Vec::with_capacity(known.size_hint().0);
    for (key, value) in added {
        while let Some(before) = known.next_if(|(known, _)| *known <= key) {
            all.push(before);
        }
        match all.last_mut() {
            Some((last, sum)) if *last == key => add(sum, value),
            _ => all.push((key, value)),
        }
    }
    all.extend(known);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_same_key_is_added_up() {
        let known = [(1, 5), (2, 1), (95, 300)];
        let added = [(0, 1), (2, 2), (2, 3), (9, 1)];
        let of =
            |known: &[(i32, i32)]| merged(known.iter().copied(), added, |sum, more| *sum += more);
        assert_eq!(of(&known), [(0, 1), (1, 5), (2, 6), (9, 1), (95, 300)]);
        assert_eq!(of(&[]), [(0, 1), (2, 5), (9, 1)]);
    }
}
