//! What a dashboard is made of, as compactly as a person writes it: the tables in `boards/`.
//!
//! A selector in a query has a mark instead of the matchers that every one of its kind must have:
//!
//! * `redis_up{@target}`: a series of a target as it is chosen, once, however many agents and jobs tell of it.
//! * `manometer_targets{@agent}`: a series of the agent itself, which has no target.
//! * `manometer_dependency{@topology}`: a series of the agent that names targets.
//! * `manometer:cause:seen{@site}`: what the rules record of a site.
//! * `ALERTS{@alerts}`: an alert; those of the agent and of all targets together have fewer labels.
//! * `rate(redis_keys{@target}[@rate])`: over the interval that suits the resolution of the graph.
//!
//! `{{target}}` of a legend and `by (target)` of an expression stand for all that tells targets apart: site and node too.

use crate::Severity;

/// A dashboard.
pub(super) struct Board {
    /// Its name in file, uid and policy: `redis`.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) rows: Vec<Row>,
}

impl Board {
    pub(super) fn full_title(&self) -> String {
        format!("manometer / {}", self.title)
    }
}

/// A heading and what is under it.
pub(super) struct Row {
    pub(super) title: &'static str,
    /// Whether its panels wait to be unfolded.
    pub(super) is_folded: bool,
    pub(super) panels: Vec<Panel>,
}

impl Row {
    pub(super) const fn new(title: &'static str, panels: Vec<Panel>) -> Self {
        Self { title, is_folded: false, panels }
    }

    pub(super) fn folded(self) -> Self {
        Self { is_folded: true, ..self }
    }
}

/// A panel.
pub(super) struct Panel {
    /// Its name within the dashboard; the policy names it so, and its id is made of it.
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) kind: Kind,
    pub(super) unit: Unit,
    /// What the alerts compare that name this panel.
    pub(super) alerts: Option<Alerts>,
    pub(super) queries: Vec<Query>,
    /// Words and colours of values.
    pub(super) states: States,
    /// Shown where there is nothing; else why that may be.
    pub(super) nothing: Option<&'static str>,
    pub(super) stacked: bool,
    pub(super) max: Option<f64>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// A word and a colour for each value of a closed set.
pub(super) type States = &'static [(u8, &'static str, &'static str)];

/// 1 is well, 0 is not.
pub(super) const UP: States = &[(0, "down", "red"), (1, "up", "green")];

/// What kind of panel it is.
pub(super) enum Kind {
    /// Lines over time.
    Graph,
    /// States over time.
    Timeline,
    /// One number that is well or not.
    Tile(Criterion),
    /// Bars against 100 %.
    Bars,
    /// A row for each thing.
    Table(Table),
}

/// When a tile is green.
pub(super) enum Criterion {
    /// While this level of the alert does not hold; the worst of all series is shown, of those targets only of which `only` is
    /// something.
    Holds { alert: &'static str, severity: Severity, only: Option<&'static str> },
    /// The same of a signal that is absent while all is well: well are the series of `known` of which it is.
    Absent { alert: &'static str, severity: Severity, known: &'static str },
}

/// How a table is put together: what the queries answer about one thing, told by its labels, is a row.
pub(super) struct Table {
    /// Fields that nobody reads.
    pub(super) hidden: &'static [&'static str],
}

/// The series that alerts compare.
pub(super) struct Alerts {
    pub(super) legend: &'static str,
    /// Why there may be none.
    pub(super) may_be_empty: Option<&'static str>,
}

/// One query.
pub(super) struct Query {
    /// With marks.
    pub(super) expr: &'static str,
    /// What the series is called; in a table, the column.
    pub(super) legend: &'static str,
    /// Where it is another than the panel's.
    pub(super) unit: Option<Unit>,
    /// Words and colours of its values, in a table.
    pub(super) states: States,
    /// Why the answer may be empty while all is well.
    pub(super) may_be_empty: Option<&'static str>,
}

/// Units, by Grafana's ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    None,
    Count,
    Ratio,
    Seconds,
    Milliseconds,
    Bytes,
    BytesPerSecond,
    PerSecond,
    PerMinute,
}

impl Unit {
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Count => "short",
            Self::Ratio => "percentunit",
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Bytes => "bytes",
            Self::BytesPerSecond => "Bps",
            Self::PerSecond => "cps",
            Self::PerMinute => "cpm",
        }
    }

    /// How a dashboard shows what the policy counts in that unit.
    pub(super) const fn of(unit: crate::Unit) -> Self {
        use crate::Unit as Policy;
        match unit {
            Policy::Count => Self::Count,
            Policy::Ratio => Self::Ratio,
            Policy::Factor => Self::None,
            Policy::Seconds => Self::Seconds,
            Policy::Milliseconds => Self::Milliseconds,
            Policy::Bytes => Self::Bytes,
            Policy::Rate => Self::PerSecond,
            Policy::PerMinute => Self::PerMinute,
        }
    }
}

impl Panel {
    const fn new(
        (slug, title, about): (&'static str, &'static str, &'static str),
        unit: Unit,
        kind: Kind,
        (width, height): (u32, u32),
    ) -> Self {
        Self {
            slug,
            title,
            about,
            kind,
            unit,
            alerts: None,
            queries: Vec::new(),
            states: &[],
            nothing: None,
            stacked: false,
            max: None,
            width,
            height,
        }
    }

    pub(super) const fn graph(slug: &'static str, title: &'static str, unit: Unit, about: &'static str) -> Self {
        Self::new((slug, title, about), unit, Kind::Graph, (8, 8))
    }

    pub(super) fn timeline(slug: &'static str, title: &'static str, states: States, about: &'static str) -> Self {
        Self { states, ..Self::new((slug, title, about), Unit::None, Kind::Timeline, (8, 8)) }
    }

    pub(super) const fn tile(
        slug: &'static str,
        title: &'static str,
        unit: Unit,
        criterion: Criterion,
        about: &'static str,
    ) -> Self {
        Self::new((slug, title, about), unit, Kind::Tile(criterion), (3, 4))
    }

    pub(super) fn bars(slug: &'static str, title: &'static str, about: &'static str) -> Self {
        Self { max: Some(1.0), ..Self::new((slug, title, about), Unit::Ratio, Kind::Bars, (24, 8)) }
    }

    /// A table of the labels of the queries' series, and a column for each query.
    pub(super) const fn table(
        slug: &'static str,
        title: &'static str,
        hidden: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        Self::new((slug, title, about), Unit::None, Kind::Table(Table { hidden }), (24, 8))
    }

    /// Its values have words.
    pub(super) fn states(mut self, states: States) -> Self {
        self.states = states;
        self
    }

    /// Plots what the alerts compare that name this panel, and their thresholds.
    pub(super) fn alerts(mut self, legend: &'static str) -> Self {
        self.alerts = Some(Alerts { legend, may_be_empty: None });
        self
    }

    pub(super) fn query(mut self, expr: &'static str, legend: &'static str) -> Self {
        self.queries.push(Query { expr, legend, unit: None, states: &[], may_be_empty: None });
        self
    }

    /// The last query has another unit.
    pub(super) fn unit(mut self, unit: Unit) -> Self {
        if let Some(query) = self.queries.last_mut() {
            query.unit = Some(unit);
        }
        self
    }

    /// The values of the last query, a column, have words.
    pub(super) fn words(mut self, states: States) -> Self {
        if let Some(query) = self.queries.last_mut() {
            query.states = states;
        }
        self
    }

    /// The last query, or else what the alerts compare, may yield nothing while all is well; that is why.
    pub(super) fn may_be_empty(mut self, why: &'static str) -> Self {
        match (self.queries.last_mut(), &mut self.alerts) {
            (Some(query), _) => query.may_be_empty = Some(why),
            (None, Some(alerts)) => alerts.may_be_empty = Some(why),
            (None, None) => {}
        }
        self
    }

    pub(super) fn stacked(mut self) -> Self {
        self.stacked = true;
        self
    }

    /// No value is above it.
    pub(super) fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    pub(super) fn nothing(mut self, text: &'static str) -> Self {
        self.nothing = Some(text);
        self
    }

    pub(super) fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }
}
