//! What the logs of containers and other logs have in common: lines cut to a bound, escape sequences, the pace of reading, and
//! the last numbers that lines named.

pub mod ansi;
mod bucket;
mod cut;
mod readings;

pub use bucket::Bucket;
pub use cut::{Cut, CutLine, MAX_LINE, without_end};
pub use readings::Readings;
