//! The page is embedded when the crate is compiled: a new one must be noticed.

use std::path::Path;

fn main() {
    // A path that is not there would make every build begin anew; its folder changes with it.
    let page = ["../../ui/dist", "../../ui"].into_iter().find(|path| Path::new(path).exists());
    if let Some(page) = page {
        println!("cargo:rerun-if-changed={page}");
    }
}
