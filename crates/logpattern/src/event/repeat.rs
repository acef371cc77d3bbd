//! One failure that is logged twice: by its message, and at once again with its stack.

use super::begin::Stack;
use super::{EventHit, Open};

/// Bytes of a time in a line, up to its second.
const SECOND: usize = 19;

/// Bytes of an exception's message that tell it from another.
const TELLING: usize = 8;

impl Open {
    /// Whether the event is a line that another one with a stack may say again.
    pub(super) const fn may_be_said_again(&self) -> bool {
        self.lines == 1 && self.cause.is_some()
    }

    /// Whether the event says with its stack what a line just before it has said.
    pub(super) fn says_again(&self, before: &Self) -> bool {
        let Some(cause) = self.cause.clone().filter(|_| self.stack != Stack::None) else { return false };
        let line = self.text.get(cause).unwrap_or_default();
        let message = message(line);
        let (first, earlier) = (self.first_line(), before.first_line());
        // Lines of different moments are of different failures.
        let is_dated = first.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'[');
        let at_once = !is_dated || first.get(..SECOND) == earlier.get(..SECOND);
        message.len() >= TELLING && at_once && memchr::memmem::find(earlier, message).is_some()
    }

    /// Makes the line before a part of the event.
    pub(super) fn join(&mut self, before: &Self) {
        self.lines += before.lines;
        for hit in &before.hits {
            match self.hits.iter_mut().find(|own| own.pattern == hit.pattern) {
                Some(own) if own.counts_lines => own.count += hit.count,
                Some(_) => {}
                None => {
                    let line = super::keep(&mut self.text, before.text.get(hit.line.clone()).unwrap_or_default());
                    self.hits.push(EventHit { line, ..hit.clone() });
                }
            }
        }
    }

    pub(super) fn first_line(&self) -> &[u8] {
        self.text.get(..self.first).unwrap_or_default()
    }
}

/// The message of an exception: behind its class, or before it, as Ruby has it.
fn message(line: &[u8]) -> &[u8] {
    let behind = |text: &[u8]| memchr::memmem::find(line, text).map(|at| at + text.len());
    let start = behind(b"Error: ").or_else(|| behind(b"Exception: ")).or_else(|| behind(b": ")).unwrap_or(0);
    let message = line.get(start..).unwrap_or_default().trim_ascii();
    let class = memchr::memmem::rfind(message, b" (").filter(|_| message.ends_with(b"Error)"));
    &message[..class.unwrap_or(message.len())]
}
