//! Small rooms: a file that grows past 500 lines has a second room in it.

use super::Finding;
use super::tree::Tree;

const LIMIT: usize = 500;

/// Files with more lines than the limit, their tests not counted.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let code = tree.rust().filter(|file| !file.is_test());
    let lengths = code.map(|file| (file, file.code().count()));
    lengths
        .filter(|&(_, lines)| lines > LIMIT)
        .map(|(file, lines)| Finding {
            path: file.path.clone(),
            line: None,
            what: format!("{lines} lines without its tests; {LIMIT} are allowed"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_do_not_count() {
        let code = "// a line\n".repeat(LIMIT);
        let tested = format!("{code}#[cfg(test)]\nmod tests {{\n{code}}}\n");
        let long = format!("{code}// one more\n");
        let tree = Tree::of(&[("a.rs", &tested), ("b.rs", &long), ("tests/c.rs", &long)]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["b.rs"]);
    }
}
