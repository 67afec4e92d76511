//! The page is embedded when the crate is compiled: a new one must be noticed.

fn main() {
    println!("cargo:rerun-if-changed=../../ui/dist");
}
