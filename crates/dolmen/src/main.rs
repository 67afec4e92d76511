//! The binary: arguments become settings, settings become one command.

fn main() {}
