//! Chores of the project: `cargo xtask demo|test|bench|tidy|prove`.

fn main() {}
