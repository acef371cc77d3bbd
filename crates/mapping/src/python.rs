//! Python literals, as logs print dictionaries: `{'max_connections': 50, 'retry': True, 'seen': {1, 2}}`, with the sets, decimals
//! and times that stand in them. What is printed of anything else (`<Pool at 0x7f>`) is null: it costs no value but its own.

use serde::de::IgnoredAny;

use super::body::Unreadable;

/// How deep dictionaries may be nested, as in JSON.
const MAX_DEPTH: usize = 128;

/// The JSON of the first dictionary in `text`. What stands before it (a log line's prefix) and behind it is left out.
pub(super) fn to_json(text: &str) -> Result<String, Unreadable> {
    let Some(start) = text.find('{') else {
        return Err(wrong("no { in it"));
    };
    let mut reader = Reader { rest: &text[start..], out: String::with_capacity(text.len()), depth: 0 };
    reader.value()?;
    Ok(reader.out)
}

fn wrong(what: &str) -> Unreadable {
    Unreadable::Syntax(what.to_owned())
}

/// What is still to be read, and the JSON of what was.
struct Reader<'t> {
    rest: &'t str,
    out: String,
    depth: usize,
}

impl<'t> Reader<'t> {
    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    /// Whether that is the next character; if so, it is read.
    fn takes(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        is_there
    }

    /// As many characters as are of that kind.
    fn take_while(&mut self, is_of: impl Fn(char) -> bool) -> &'t str {
        let (taken, rest) = self.rest.split_at(self.rest.find(|char| !is_of(char)).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn value(&mut self) -> Result<(), Unreadable> {
        match self.peek() {
            Some(quote @ ('\'' | '"')) => self.text(quote),
            Some('{') => self.within(Self::braces),
            Some('[') => self.within(|reader| reader.items('[', ']')),
            Some('(') => self.within(|reader| reader.items('(', ')')),
            Some('<') => self.object(),
            Some(letter) if letter.is_alphabetic() || letter == '_' => self.within(Self::word),
            Some('+' | '-' | '.' | '0'..='9') => {
                self.number();
                Ok(())
            }
            Some(_) => Err(wrong("something that is no literal of Python")),
            None => Err(wrong("the dictionary has no end")),
        }
    }

    /// Reads something that may have others in it.
    fn within(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        if self.depth == MAX_DEPTH {
            return Err(wrong("its dictionaries are nested too deeply"));
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// A dictionary or a set.
    fn braces(&mut self) -> Result<(), Unreadable> {
        let start = self.out.len();
        self.takes('{');
        self.out.push('{');
        let mut is_dictionary = true;
        while !self.takes('}') {
            if self.out.len() > start + 1 {
                self.out.push(',');
            }
            let key = self.out.len();
            self.value()?;
            if self.takes(':') {
                // Python's may be numbers and more.
                if !self.out[key..].starts_with('"') {
                    let text = self.out.split_off(key).replace('"', "");
                    self.out.extend(["\"", &text, "\""]);
                }
                self.out.push(':');
                self.value()?;
            } else {
                is_dictionary = false;
            }
            self.comma('}')?;
        }
        self.out.push(if is_dictionary { '}' } else { ']' });
        if !is_dictionary {
            self.out.replace_range(start..=start, "[");
        }
        Ok(())
    }

    /// A list or a tuple.
    fn items(&mut self, open: char, close: char) -> Result<(), Unreadable> {
        self.takes(open);
        self.out.push('[');
        let start = self.out.len();
        while !self.takes(close) {
            if self.out.len() > start {
                self.out.push(',');
            }
            self.value()?;
            self.comma(close)?;
        }
        self.out.push(']');
        Ok(())
    }

    /// A comma, which Python allows behind the last one too, or the end.
    fn comma(&mut self, close: char) -> Result<(), Unreadable> {
        match self.peek() {
            Some(',') => self.takes(','),
            Some(end) if end == close => true,
            Some(_) => return Err(wrong("a , is missing")),
            None => return Err(wrong("the dictionary has no end")),
        };
        Ok(())
    }

    fn text(&mut self, quote: char) -> Result<(), Unreadable> {
        self.out.push('"');
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some((_, '\'')) => self.out.push('\''),
                    // Python's \xNN; JSON has only \uNNNN.
                    Some((_, 'x')) => self.out.push_str("\\u00"),
                    Some((_, escaped)) => self.out.extend(['\\', escaped]),
                    None => break,
                },
                end if end == quote => {
                    self.out.push('"');
                    self.rest = &self.rest[at + end.len_utf8()..];
                    return Ok(());
                }
                '"' => self.out.push_str("\\\""),
                other => self.out.push(other),
            }
        }
        Err(wrong("a text has no end"))
    }

    fn number(&mut self) {
        let digits = self.take_while(|char| char.is_ascii_alphanumeric() || "+-._".contains(char));
        match digits {
            "-inf" | "-Infinity" => self.out.push_str("-Infinity"),
            digits => {
                // Some writers group digits: 1_000.
                let digits = digits.replace('_', "");
                let is_number = serde_json::from_str::<IgnoredAny>(&digits).is_ok();
                self.out.push_str(if is_number { &digits } else { "null" });
            }
        }
    }

    /// What is printed of an object that has no literal.
    fn object(&mut self) -> Result<(), Unreadable> {
        let end = self.rest.find('>').ok_or_else(|| wrong("a < has no >"))?;
        // As pytz has it.
        self.out.push_str(if &self.rest[..end] == "<UTC" { "0" } else { "null" });
        self.rest = &self.rest[end + 1..];
        Ok(())
    }

    /// A name, the prefix of a text, or a call: `True`, `b'x'`, `Decimal('1.5')`.
    fn word(&mut self) -> Result<(), Unreadable> {
        let name = self.take_while(|char| char.is_alphanumeric() || "_.".contains(char));
        match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => return self.text(quote),
            Some('(') => return self.call(name.rsplit('.').next().unwrap_or(name)),
            _ => {}
        }
        self.out.push_str(match name {
            "True" | "true" => "true",
            "False" | "false" => "false",
            "nan" | "NaN" => "NaN",
            "inf" | "Infinity" => "Infinity",
            "datetime.timezone.utc" => "0",
            _ => "null",
        });
        Ok(())
    }

    fn call(&mut self, name: &str) -> Result<(), Unreadable> {
        self.takes('(');
        let mut call = Call::default();
        let start = self.out.len();
        while !self.takes(')') {
            self.peek();
            let before = self.rest;
            let key = self.take_while(|char| char.is_ascii_alphanumeric() || char == '_');
            let key = if self.takes('=') { key } else { "" };
            if key.is_empty() {
                self.rest = before;
            }
            self.value()?;
            call.arguments.push((key, self.out.split_off(start)));
            self.comma(')')?;
        }
        self.out.push_str(&call.value(name).unwrap_or_else(|| "null".to_owned()));
        Ok(())
    }
}

/// The arguments of a call, each as JSON, with their names if they have one.
#[derive(Default)]
struct Call<'t> {
    arguments: Vec<(&'t str, String)>,
}

impl Call<'_> {
    /// What the call stands for: a set its elements, a decimal its number, a time what ISO 8601 has. Of any other it is the only
    /// argument: `UUID('...')`, `Counter({...})`.
    fn value(&self, name: &str) -> Option<String> {
        let mut unnamed = self.arguments.iter().filter(|(key, value)| key.is_empty() && value != "null");
        match name {
            "datetime" | "date" => self.moment(),
            "timedelta" => {
                let seconds = |(key, factor): (&str, f64)| Some(self.named(key)?.parse::<f64>().ok()? * factor);
                let parts = [("days", 86_400.0), ("seconds", 1.0), ("microseconds", 1e-6)];
                Some(parts.into_iter().filter_map(seconds).sum::<f64>().to_string())
            }
            "Decimal" => {
                let (_, text) = unnamed.next()?;
                let number = text.trim_matches('"');
                number.parse::<f64>().is_ok().then(|| number.to_owned())
            }
            "set" | "frozenset" if self.arguments.is_empty() => Some("[]".to_owned()),
            _ => unnamed.next().filter(|_| unnamed.next().is_none()).map(|(_, value)| value.clone()),
        }
    }

    fn named(&self, key: &str) -> Option<&str> {
        self.arguments.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    /// A time without a zone stays without one. A zone whose distance from UTC is not told makes it unknown.
    fn moment(&self) -> Option<String> {
        let numbers = self.arguments.iter().filter(|(key, _)| key.is_empty());
        let numbers: Vec<u32> = numbers.map(|(_, value)| value.parse().ok()).collect::<Option<_>>()?;
        let at = |place: usize| numbers.get(place).copied().unwrap_or_default();
        let date = format!("{:04}-{:02}-{:02}", numbers.first()?, numbers.get(1)?, numbers.get(2)?);
        if numbers.len() == 3 {
            return Some(format!("\"{date}\""));
        }
        let zone = match self.named("tzinfo") {
            Some(seconds) => {
                let minutes = seconds.parse::<i32>().ok()? / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            None => String::new(),
        };
        Some(format!("\"{date}T{:02}:{:02}:{:02}.{:06}{zone}\"", at(3), at(4), at(5), at(6)))
    }
}

#[cfg(test)]
mod tests;
