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
mod edge;
mod host;
mod overview;
mod queues;
mod redis;

use super::spec::Board;

/// Why a panel of that dashboard may have nothing to show, where it does not say so itself.
pub(super) fn nothing(board: &str) -> &'static str {
    match board {
        "redis" | "clients" => "no Redis is watched that says it",
        "edge" => "nothing of the kind is watched",
        "queues" => "no queue is configured that tells it",
        "backpressure" => "no service is watched that says it",
        "containers" => "no container is watched that says it",
        "host" => "the host is not watched, or does not say it",
        _ => "no data",
    }
}

/// Every dashboard, the one to begin with first.
pub(super) fn all() -> Vec<Board> {
    vec![
        overview::board(),
        backpressure::board(),
        redis::board(),
        clients::board(),
        queues::board(),
        edge::board(),
        containers::board(),
        host::board(),
        agent::board(),
    ]
}
