//! Many small things in the order of numbers that differ in few bits.

/// Bits that one pass looks at: its counts stay in the nearest cache.
const DIGIT: u32 = 11;

/// So few are sorted by comparing them.
const FEW: usize = 256;

/// Sorts by keys; what has the same key stays in its order.
pub(crate) fn sort<T: Copy>(items: &mut Vec<T>, key: impl Fn(&T) -> u128) {
    let Some(first) = items.first().copied() else { return };
    if items.len() <= FEW {
        return items.sort_by_key(key);
    }
    let differ = items.iter().fold(0, |differ, item| differ | (key(item) ^ key(&first)));
    let mut sorted = vec![first; items.len()];
    let mut done = 0;
    // From the lowest bit that differs on; what is the same in all is passed over.
    while differ >> done != 0 {
        done += (differ >> done).trailing_zeros();
        let digit = |item: &T| (key(item) >> done) as usize & ((1 << DIGIT) - 1);
        let mut places = [0_u32; 1 << DIGIT];
        items.iter().for_each(|item| places[digit(item)] += 1);
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for item in items.iter() {
            let place = &mut places[digit(item)];
            sorted[*place as usize] = *item;
            *place += 1;
        }
        std::mem::swap(items, &mut sorted);
        done += DIGIT;
        if done >= u128::BITS {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_order_of_keys(
            seeds in prop::collection::vec(any::<u128>(), 0..700),
            mask: u128,
            few in 0_u32..128,
        ) {
            for mask in [mask, u128::MAX << few, u128::MAX >> few, 0] {
                let items: Vec<(u128, usize)> =
                    seeds.iter().enumerate().map(|(at, seed)| (seed & mask, at)).collect();
                let mut expected = items.clone();
                expected.sort();
                let mut sorted = items;
                sort(&mut sorted, |(key, _)| *key);
                prop_assert_eq!(sorted, expected);
            }
        }
    }
}
