//! Expressions of PromQL as a tree, and how they are laid out for people.

use std::time::Duration;

use crate::{Compare, duration};

/// Columns beyond which an expression is broken into lines.
const WIDTH: usize = 100;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// `metric{label="value"}`
    Selector(String, Vec<Matcher>),
    /// `selector[5m]`
    Range(Box<Self>, Duration),
    /// `selector[5m] offset 2m`
    Ago(Box<Self>, Duration),
    Number(f64),
    Text(&'static str),
    Call(&'static str, Vec<Self>),
    /// `max by (job, instance) (...)`
    Aggregate(&'static str, Grouping, Box<Self>),
    Binary(Box<Self>, Operator, Box<Self>),
}

/// The labels that an aggregation keeps, or that it takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grouping {
    By(Vec<&'static str>),
    Without(Vec<&'static str>),
}

/// Which values a label may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matcher {
    pub(super) label: String,
    /// One of these, or none of them.
    pub(super) is_positive: bool,
    pub(super) values: Vec<String>,
}

/// What joins two operands, and how their series find each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) kind: Op,
    /// The labels that must be equal, where those are not all.
    pub(super) on: Option<Vec<&'static str>>,
    /// `group_left` where several series on the left meet one on the right.
    pub(super) group: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Unless,
    Compare(Compare),
    NotEqual,
    Minus,
    Times,
    Over,
    Power,
}

impl Op {
    pub(super) fn on(self, labels: Vec<&'static str>) -> Operator {
        Operator { kind: self, on: Some(labels), group: None }
    }

    /// How strongly it binds, and its text with the blanks around it.
    const fn parts(self) -> (u8, &'static str) {
        match self {
            Self::Or => (1, "or"),
            Self::And => (2, "and"),
            Self::Unless => (2, "unless"),
            Self::Compare(compare) => (3, compare.as_str()),
            Self::NotEqual => (3, "!="),
            Self::Minus => (4, "-"),
            Self::Times => (5, "*"),
            Self::Over => (5, "/"),
            Self::Power => (6, "^"),
        }
    }
}

impl From<Op> for Operator {
    fn from(kind: Op) -> Self {
        Self { kind, on: None, group: None }
    }
}

impl Operator {
    fn text(&self) -> String {
        let on = self.on.as_ref().map_or_else(String::new, |labels| format!(" on ({})", labels.join(", ")));
        let group = self.group.map_or_else(String::new, |group| format!(" {group} ()"));
        format!("{}{on}{group}", self.kind.parts().1)
    }
}

impl Grouping {
    /// The function with the labels, as far as the parenthesis.
    fn head(&self, function: &str) -> String {
        match self {
            Self::By(labels) => format!("{function} by ({}) ", labels.join(", ")),
            Self::Without(labels) => format!("{function} without ({}) ", labels.join(", ")),
        }
    }
}

impl Matcher {
    /// One value is compared as it is, several as a pattern.
    fn text(&self) -> String {
        let (op, value) = match (&self.values[..], self.is_positive) {
            ([value], true) => ("=", value.clone()),
            ([value], false) => ("!=", value.clone()),
            (values, positive) => {
                let pattern: Vec<String> = values.iter().map(|value| regex::escape(value)).collect();
                (if positive { "=~" } else { "!~" }, pattern.join("|"))
            }
        };
        format!("{}{op}{}", self.label, quoted(&value))
    }
}

impl Expr {
    pub(super) fn call(function: &'static str, argument: Self) -> Self {
        Self::Call(function, vec![argument])
    }

    /// The label, made from what `pattern` captures of another one.
    pub(super) fn label_replace(self, label: &'static str, from: &'static str, pattern: &'static str) -> Self {
        let texts = [label, "$1", from, pattern].map(Self::Text);
        Self::Call("label_replace", std::iter::once(self).chain(texts).collect())
    }

    /// `self op other`.
    pub(super) fn with(self, op: impl Into<Operator>, other: Self) -> Self {
        Self::Binary(Box::new(self), op.into(), Box::new(other))
    }

    /// The text, in one line if it fits.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        self.write(0, &mut lines);
        lines.join("\n")
    }

    /// How strongly it holds together.
    fn strength(&self) -> u8 {
        if let Self::Binary(_, op, _) = self { op.kind.parts().0 } else { u8::MAX }
    }

    fn is_constant(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Binary(left, _, right) => left.is_constant() && right.is_constant(),
            _ => false,
        }
    }

    /// What stays on one line however long it is: breaking a comparison would only give the number a line of its own.
    fn is_whole(&self) -> bool {
        match self {
            Self::Call(_, arguments) => arguments.len() < 2,
            Self::Aggregate(_, _, of) => of.is_whole(),
            Self::Binary(left, _, right) => {
                right.is_constant() && (left.is_constant() || left.strength() == u8::MAX && left.is_whole())
            }
            _ => true,
        }
    }

    fn inline(&self) -> String {
        let joined = |parts: &[Self]| parts.iter().map(Self::inline).collect::<Vec<_>>().join(", ");
        match self {
            Self::Selector(metric, matchers) if matchers.is_empty() => metric.clone(),
            Self::Selector(metric, matchers) => {
                let matchers: Vec<String> = matchers.iter().map(Matcher::text).collect();
                format!("{metric}{{{}}}", matchers.join(", "))
            }
            Self::Range(selector, range) => format!("{}[{}]", selector.inline(), duration(*range)),
            Self::Ago(selector, time) => format!("{} offset {}", selector.inline(), duration(*time)),
            Self::Number(number) if number.is_infinite() => if *number > 0.0 { "Inf" } else { "-Inf" }.to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => quoted(text),
            Self::Call(function, arguments) => format!("{function}({})", joined(arguments)),
            Self::Aggregate(function, grouping, of) => format!("{}({})", grouping.head(function), of.inline()),
            Self::Binary(left, op, right) => {
                let (left, right) = (left.operand(self.strength()), right.operand(self.strength() + 1));
                let blank = if op.kind == Op::Power { "" } else { " " };
                format!("{left}{blank}{}{blank}{right}", op.text())
            }
        }
    }

    /// In one line, in parentheses unless it holds together that strongly.
    fn operand(&self, strength: u8) -> String {
        if self.strength() >= strength { self.inline() } else { format!("({})", self.inline()) }
    }

    fn write(&self, indent: usize, lines: &mut Vec<String>) {
        let inline = self.inline();
        if self.is_whole() || indent + inline.len() <= WIDTH {
            lines.push(format!("{:indent$}{inline}", ""));
        } else {
            self.write_broken(indent, lines);
        }
    }

    fn write_broken(&self, indent: usize, lines: &mut Vec<String>) {
        match self {
            Self::Binary(left, op, right) => {
                match left.as_ref() {
                    // A chain of one operator is one list: its beginning is broken too, even if it would fit.
                    chain @ Self::Binary(_, other, _) if other == op => chain.write_broken(indent, lines),
                    operand => operand.write_operand(self.strength(), indent, lines),
                }
                lines.push(format!("{:indent$}{}", "", op.text()));
                right.write_operand(self.strength() + 1, indent, lines);
            }
            Self::Aggregate(function, grouping, of) => {
                lines.push(format!("{:indent$}{}(", "", grouping.head(function)));
                of.write(indent + 2, lines);
                lines.push(format!("{:indent$})", ""));
            }
            Self::Call(function, arguments) => {
                lines.push(format!("{:indent$}{function}(", ""));
                // Texts at the end stay together: a label and what becomes of it are read as one.
                let texts = arguments.iter().rev().take_while(|argument| matches!(argument, Self::Text(_))).count();
                let (first, texts) = arguments.split_at(arguments.len() - texts);
                let texts = texts.iter().map(Self::inline).collect::<Vec<_>>().join(", ");
                for (at, argument) in first.iter().enumerate() {
                    argument.write(indent + 2, lines);
                    if let Some(line) = lines.last_mut().filter(|_| at + 1 < arguments.len()) {
                        line.push(',');
                    }
                }
                lines.extend((!texts.is_empty()).then(|| format!("{:1$}{texts}", "", indent + 2)));
                lines.push(format!("{:indent$})", ""));
            }
            whole => lines.push(format!("{:indent$}{}", "", whole.inline())),
        }
    }

    /// An operand of an operator that is broken into lines: one that is broken as well has parentheses of its own.
    fn write_operand(&self, strength: u8, indent: usize, lines: &mut Vec<String>) {
        const PARENTHESES: usize = 2;
        if self.is_whole() || indent + self.inline().len() + PARENTHESES <= WIDTH {
            lines.push(format!("{:indent$}{}", "", self.operand(strength)));
        } else if matches!(self, Self::Binary(..)) {
            lines.push(format!("{:indent$}(", ""));
            self.write(indent + 2, lines);
            lines.push(format!("{:indent$})", ""));
        } else {
            self.write(indent, lines);
        }
    }
}

/// A text of PromQL.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
