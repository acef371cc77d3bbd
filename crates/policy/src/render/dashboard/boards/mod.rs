//! The dashboards, one file each.

/// A dashboard as a table: under each heading a row for each panel, whose words are the builder's in `spec.rs`. What is under a
/// heading that is `folded` is seen, and asked for, once somebody opens it.
macro_rules! board {
    (
        $name:literal, $title:literal, $about:literal;
        $($heading:literal $($fold:ident)? { $($kind:ident $what:tt $(. $word:ident $with:tt)*;)* })*
    ) => {
        use crate::render::dashboard::spec::{Board, Panel, Row};

        pub(super) fn board() -> Board {
            let rows = vec![
                $(Row::new($heading, vec![$(Panel::$kind $what $(.$word $with)*),*])$(.$fold())?),*
            ];
            Board { name: $name, title: $title, about: $about, rows }
        }
    };
}

mod agent;
mod backpressure;
mod clients;
mod containers;
mod host;
mod overview;
mod redis;

use super::spec::Board;

/// Every dashboard, the one to begin with first.
pub(super) fn all() -> Vec<Board> {
    vec![
        overview::board(),
        backpressure::board(),
        redis::board(),
        clients::board(),
        containers::board(),
        host::board(),
        agent::board(),
    ]
}
