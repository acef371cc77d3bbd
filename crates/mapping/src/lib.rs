//! The mapping language: which numbers of a service's answers become which metrics.
//!
//! A [`Mapping`] is data: endpoints and rules, written in TOML by the user ([`read`] reads it) or shipped as a
//! profile ([`profile`]). Everything here is pure: a body in, readings and misses out. Fetching is the business of the
//! collector, naming families that of [`metric`].
//!
//! What a value means, in the order in which it is looked at:
//!
//! * a key that is not there, or JSON `null`: missing; the rule's [`Missing`] says what follows,
//! * `NaN`, infinities, which Python writes into its JSON, and numbers beyond every float: no value, counted,
//! * a number in quotes: no number; `parse = "quantity"` reads such texts,
//! * a whole number above 2^53: a value whose last digits are lost, counted,
//! * a key that occurs twice in an object: the last one counts, as for every common reader of JSON,
//! * a counter that fell: passed on as it is, for Prometheus knows resets, and counted.

mod advice;
mod body;
mod convert;
pub mod discover;
mod duration;
mod elements;
mod evaluate;
mod explain;
mod fit;
mod foreign;
mod mend;
mod merging;
mod miss;
mod model;
mod nearest;
mod pointer;
pub mod profile;
mod python;
mod read;
mod shown;
mod source;
mod states;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;
mod unit;

pub use advice::advice;
pub use body::{Body, BodyFormat, Unreadable};
pub use convert::{Parse, age, ahead, number, timestamp};
pub use elements::{Located, Step};
pub use evaluate::{DataPoint, Evaluation, Reading, evaluate, find, locate, place};
pub use explain::{Given, endpoints_of, explain};
pub use fit::fitting;
pub use foreign::{ForeignFamily, ForeignSample};
pub use merging::{Fold, Merge, Merging};
pub use miss::{Miss, MissReason};
pub use model::{Endpoint, Freshness, LabelSource, Mapping, Missing, Rule, Value};
pub use nearest::{Keys, Nearest};
pub use pointer::{Pointer, PointerError};
pub use read::{SHORTEST_INTERVAL, clashes, parse, read};
pub use shown::{shown, shown_pointer};
pub use source::Idle;
pub use states::States;
pub use text::{Pattern, Patterns};
pub use unit::{Dimension, SourceUnit};
