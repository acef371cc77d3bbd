//! The table of a module's metrics: a row is a line, and whatever has a row is in the catalog.

/// Defines metrics, and a function that lists them for the catalog.
///
/// A row is the constant's name, then type, name, labels and unit of the metric, its help and its source. The second
/// form makes one table of rows instead of constants: each has the key under which the source sends the value.
///
/// ```
/// use metric::{Families, metrics};
///
/// metrics! {
///     fn metrics;
///     KEYS: gauge "redis_db_keys" ["db"] Count, "Keys in the database.", "INFO keyspace";
/// }
///
/// metrics! {
///     fn lines;
///     /// The lines that are shown.
///     const LINES: [(&'static str, Metric<0>)];
///     "MemFree" => gauge "node_memory_MemFree_bytes" [] Bytes, "Unused memory.", "/proc/meminfo";
/// }
///
/// let mut families = Families::new();
/// families.push(&KEYS, ["db0"], 3.0);
/// families.push(&LINES[0].1, [], 1024.0);
/// assert_eq!(families.series(), 2);
/// assert_eq!(metrics()[0].name, "redis_db_keys");
/// assert_eq!(lines()[0].source, "/proc/meminfo");
/// ```
#[macro_export]
macro_rules! metrics {
    (
        $list_vis:vis fn $list:ident;
        $(#[$doc:meta])*
        $table_vis:vis const $table:ident: [($key_type:ty, Metric<$count:literal>)];
        $($key:expr => $kind:ident $name:literal [$($label:expr),*] $unit:ident, $help:literal, $source:literal;)+
    ) => {
        $(#[$doc])*
        $table_vis const $table: &[($key_type, $crate::Metric<$count>)] = &[$((
            $key,
            $crate::Metric::$kind($name, &[$($label),*], $help).unit($crate::Unit::$unit).source($source),
        )),+];

        /// Every metric of the table, for the catalog.
        #[must_use]
        $list_vis fn $list() -> Vec<$crate::MetricInfo> {
            $table.iter().map(|(_, metric)| *metric.info()).collect()
        }
    };
    (
        $list_vis:vis fn $list:ident;
        $($vis:vis $constant:ident: $kind:ident $name:literal [$($label:expr),*] $unit:ident, $help:literal, $source:literal;)+
    ) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            $vis const $constant: $crate::Metric<{ <[&str]>::len(&[$($label),*]) }> =
                $crate::Metric::$kind($name, &[$($label),*], $help).unit($crate::Unit::$unit).source($source);
        )+

        /// Every metric of the table, for the catalog.
        #[must_use]
        $list_vis fn $list() -> Vec<$crate::MetricInfo> {
            vec![$(*$constant.info()),+]
        }
    };
}

/// Defines an enum each of whose variants has a word: the value of a label, a name in a configuration.
///
/// ```
/// metric::words! {
///     /// How bad it is.
///     #[derive(Debug, Clone, Copy, PartialEq)]
///     pub enum Severity {
///         /// Somebody may look at it.
///         Info = "info",
///         /// Somebody must.
///         Critical = "critical",
///     }
/// }
///
/// assert_eq!(Severity::ALL.map(Severity::as_str), ["info", "critical"]);
/// ```
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every one, in the order of the documentation.
            #[allow(dead_code)]
            $vis const ALL: [Self; <[&str]>::len(&[$($word),+])] = [$(Self::$variant),+];

            /// Its word.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}
