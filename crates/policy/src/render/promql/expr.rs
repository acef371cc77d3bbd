//! Expressions of PromQL as a tree, and how they are laid out for people.

/// Columns beyond which an expression is broken into lines.
const WIDTH: usize = 100;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    /// What is never broken: a selector, a function of one, a number.
    Atom(String),
    /// Two operands.
    Binary(Box<Self>, String, Box<Self>),
    /// A function of several arguments.
    Call(&'static str, Vec<Self>),
}

impl Expr {
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::Atom(text.into())
    }

    /// `self op other`; the operator brings its `on (...)` with it.
    pub(super) fn with(self, op: impl Into<String>, other: Self) -> Self {
        Self::Binary(Box::new(self), op.into(), Box::new(other))
    }

    /// How strongly the operator binds.
    fn strength(&self) -> u8 {
        match self {
            Self::Atom(text) if text.contains(" * ") => 5,
            Self::Atom(_) | Self::Call(..) => 9,
            Self::Binary(_, op, _) => match op.split(' ').next().unwrap_or_default() {
                "or" => 1,
                "and" | "unless" => 2,
                "+" | "-" => 4,
                "*" | "/" => 5,
                _ => 3,
            },
        }
    }

    fn inline(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::Binary(left, op, right) => {
                let side = |side: &Self, bare: bool| {
                    if bare { side.inline() } else { format!("({})", side.inline()) }
                };
                let left = side(left, left.strength() >= self.strength());
                format!("{left} {op} {}", side(right, right.strength() > self.strength()))
            }
            Self::Call(function, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(Self::inline).collect();
                format!("{function}({})", arguments.join(", "))
            }
        }
    }

    /// The text, in one line if it fits.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        self.write(0, &mut lines);
        lines.join("\n")
    }

    /// Whether breaking it into lines would only put a number into a line of its own.
    fn is_short(&self) -> bool {
        let is_number = |text: &str| !text.contains(['{', '(']);
        matches!(self, Self::Binary(left, _, right) if matches!((left.as_ref(), right.as_ref()),
            (Self::Atom(_), Self::Atom(number)) if is_number(number)))
    }

    fn write(&self, indent: usize, lines: &mut Vec<String>) {
        let pad = " ".repeat(indent);
        let inline = self.inline();
        if indent + inline.len() <= WIDTH || self.is_short() {
            lines.push(format!("{pad}{inline}"));
            return;
        }
        match self {
            Self::Atom(_) => lines.push(format!("{pad}{inline}")),
            Self::Binary(left, op, right) => {
                // A chain of one operator is one list.
                match left.as_ref() {
                    chain @ Self::Binary(_, other, _) if other == op => chain.write_broken(indent, lines),
                    operand => operand.write_operand(self.strength(), indent, lines),
                }
                lines.push(format!("{pad}{op}"));
                right.write_operand(self.strength() + 1, indent, lines);
            }
            Self::Call(function, arguments) => {
                lines.push(format!("{pad}{function}("));
                let last = arguments.len().saturating_sub(1);
                for (at, argument) in arguments.iter().enumerate() {
                    argument.write(indent + 2, lines);
                    if let Some(line) = lines.last_mut().filter(|_| at < last) {
                        line.push(',');
                    }
                }
                lines.push(format!("{pad})"));
            }
        }
    }

    /// Breaks the whole chain, also the part of it that would fit.
    fn write_broken(&self, indent: usize, lines: &mut Vec<String>) {
        let Self::Binary(left, op, right) = self else { return self.write(indent, lines) };
        match left.as_ref() {
            chain @ Self::Binary(_, other, _) if other == op => chain.write_broken(indent, lines),
            operand => operand.write_operand(self.strength(), indent, lines),
        }
        lines.push(format!("{}{op}", " ".repeat(indent)));
        right.write_operand(self.strength() + 1, indent, lines);
    }

    /// An operand of an operator that is broken into lines: one that is broken as well has parentheses of its own.
    fn write_operand(&self, strength: u8, indent: usize, lines: &mut Vec<String>) {
        let pad = " ".repeat(indent);
        let inline = self.inline();
        if indent + inline.len() + 2 <= WIDTH || self.is_short() {
            let text = if self.strength() >= strength { inline } else { format!("({inline})") };
            lines.push(format!("{pad}{text}"));
        } else if matches!(self, Self::Binary(..)) {
            lines.push(format!("{pad}("));
            self.write(indent + 2, lines);
            lines.push(format!("{pad})"));
        } else {
            self.write(indent, lines);
        }
    }
}
