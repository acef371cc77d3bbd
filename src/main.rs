//! The manometer binary.

fn main() {}
