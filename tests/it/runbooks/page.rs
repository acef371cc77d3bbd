//! A page of docs/runbooks, taken apart.

use std::path::{Path, PathBuf};

use regex::Regex;

/// What a block's commands do: the second word behind its fence, which no renderer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// They read, and run here.
    Run,
    /// They read, on something that a test does not have.
    Look,
    /// They change something that can be changed back.
    Change,
    /// Something is lost.
    Destructive,
}

/// A fenced block of commands.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// The line of its fence.
    pub(super) line: usize,
    /// The heading that it is under.
    pub(super) heading: String,
    /// The paragraph or step before it.
    pub(super) before: String,
    pub(super) commands: Vec<String>,
}

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) blocks: Vec<Block>,
    /// Everything outside of blocks of commands and of what is rendered.
    pub(super) prose: String,
}

const BEGIN: &str = "<!-- rendered -->";
const END: &str = "<!-- /rendered -->";

/// The folder of the pages.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks")
}

/// Every page that is written by hand. README.md is rendered.
pub(super) fn all() -> Vec<Page> {
    let mut pages: Vec<Page> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("README.md"))
        .map(|path| Page::read(&path))
        .collect();
    pages.sort_by(|a, b| a.name.cmp(&b.name));
    pages
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Self::parse(name, path.to_owned(), text)
    }

    fn parse(name: String, path: PathBuf, text: String) -> Self {
        let (mut blocks, mut prose): (Vec<Block>, String) = (Vec::new(), String::new());
        let (mut heading, mut before, mut block, mut rendered) = (String::new(), String::new(), None::<Block>, false);
        let begins = Regex::new(r"^(\d+\.|-|#+) |^\*\*").unwrap();
        for (at, line) in text.lines().enumerate() {
            let line_number = at + 1;
            match &mut block {
                Some(open) if line == "```" => {
                    assert!(!open.commands.is_empty(), "{name}.md:{line_number}: a block without commands");
                    blocks.extend(block.take());
                    before.clear();
                }
                Some(open) => open.commands.push(line.to_owned()),
                None if rendered || line == BEGIN => rendered = line != END,
                None if line.trim_start().starts_with("```") => {
                    let kind = kind(line).unwrap_or_else(|| panic!("{name}.md:{line_number}: {line} is of no kind"));
                    let (heading, before) = (heading.clone(), before.trim().to_owned());
                    block = Some(Block { kind, line: line_number, heading, before, commands: Vec::new() });
                }
                None => {
                    if let Some(title) = line.strip_prefix("## ") {
                        title.clone_into(&mut heading);
                    }
                    // A step or a paragraph begins anew what a block is told by; an empty line does not.
                    if begins.is_match(line) {
                        before.clear();
                    }
                    for text in [&mut before, &mut prose] {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
        }
        assert!(block.is_none() && !rendered, "{name}.md: something is not closed");
        Self { name, path, text, blocks, prose }
    }

    /// The headings of the second order.
    pub(super) fn headings(&self) -> Vec<&str> {
        self.prose.lines().filter_map(|line| line.strip_prefix("## ")).collect()
    }

    /// Whether the rendered part stands right below the title, and once.
    pub(super) fn has_rendered_part(&self) -> bool {
        self.text.starts_with(&format!("# {}\n\n{BEGIN}\n", self.name))
            && [BEGIN, END].iter().all(|mark| self.text.matches(mark).count() == 1)
            && self.text.contains(&format!("{END}\n\n## "))
    }

    /// How long it is without what is rendered.
    pub(super) fn lines(&self) -> usize {
        let commands: usize = self.blocks.iter().map(|block| block.commands.len() + 2).sum();
        self.prose.lines().count() + commands
    }

    /// What stands between backquotes in the prose.
    pub(super) fn code(&self) -> Vec<&str> {
        self.prose.split('`').skip(1).step_by(2).collect()
    }

    /// The prose without what stands between backquotes.
    pub(super) fn words(&self) -> String {
        self.prose.split('`').step_by(2).collect()
    }

    /// The commands of a kind, each with where it stands.
    pub(super) fn commands(&self, kind: Kind) -> impl Iterator<Item = (String, &str)> {
        let blocks = self.blocks.iter().filter(move |block| block.kind == kind);
        blocks.flat_map(|block| {
            let lines = block.commands.iter().enumerate();
            lines.map(|(at, command)| (format!("{}.md:{}", self.name, block.line + at + 1), command.as_str()))
        })
    }
}

fn kind(fence: &str) -> Option<Kind> {
    Some(match fence {
        "```sh run" => Kind::Run,
        "```sh look" => Kind::Look,
        "```sh change" => Kind::Change,
        "```sh destructive" => Kind::Destructive,
        _ => return None,
    })
}
