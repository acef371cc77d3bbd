//! The layers of `src/`: which part of the agent may name which, read from the paths in its files.
//!
//! What must not look upward and stands alone is a crate, where the compiler holds it. The parts of the agent itself are
//! too close to each other for that, so this test holds them: every `crate::`, `super::` and `self::` path of production
//! code is an arrow from its file to what it names. An arrow that [`LAYERS`] does not allow is refused, and so is a circle
//! of arrows between folders of one folder.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use paths::paths;

/// Each part, and the parts that it may name: all that stand below it and that it has use for.
const LAYERS: &[(&str, &[&str])] = &[
    ("cli", &["app", "collector", "config", "http", "http/client", "hub", "net"]),
    ("app", &["collector", "config", "discover", "http", "hub", "net", "state", "topology"]),
    ("collector", &["config", "http/client", "hub", "net", "queue", "state", "topology"]),
    ("http", &["hub", "net", "topology"]),
    ("http/client", &["hub", "net"]),
    ("hub", &["net", "state", "topology"]),
    ("discover", &["config", "hub", "net", "topology"]),
    ("config", &["hub", "net", "topology"]),
    ("net", &[]),
    ("queue", &[]),
    ("state", &[]),
    ("topology", &["net"]),
];

/// A file below `src/`, by its path there.
struct File {
    path: String,
    text: String,
}

impl File {
    /// The module that it is: `a/b` of `a/b.rs` and of `a/b/mod.rs`.
    fn module(&self) -> &str {
        let path = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        path.strip_suffix("/mod").unwrap_or(path)
    }

    /// The wiring of the crate itself, tests, and what is fuzzed: they may name whatever they like.
    fn is_exempt(&self) -> bool {
        let is_test = |part| matches!(part, "tests" | "fuzz" | "fuzzing");
        matches!(self.path.as_str(), "lib.rs" | "main.rs") || self.path.split(['/', '.']).any(is_test)
    }
}

/// One module names another.
struct Arrow {
    from: String,
    to: String,
    /// `path:line`
    place: String,
}

#[test]
fn parts_name_only_what_stands_below_them() {
    let files = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(files.len() > 200, "only {} files were read", files.len());
    let arrows = arrows(&files);
    assert!(arrows.len() > 500, "only {} arrows were found", arrows.len());
    let mut faults = forbidden(&arrows, LAYERS);
    faults.extend(circles(&arrows, &folders(&files)));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Whether a module is a part or lies in it.
fn is_in(module: &str, part: &str) -> bool {
    module.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Arrows that `layers` do not allow, and those from or to what has no layer.
fn forbidden(arrows: &[Arrow], layers: &[(&str, &[&str])]) -> Vec<String> {
    let layer = |module: &str| {
        let of = layers.iter().filter(|(part, _)| is_in(module, part));
        of.max_by_key(|(part, _)| part.len())
    };
    let mut faults = Vec::new();
    for Arrow { from, to, place } in arrows {
        let (Some((from, allowed)), Some((to, _))) = (layer(from), layer(to)) else {
            faults.push(format!("src/{place}: {from} names {to}, and one of the two is not a part of LAYERS"));
            continue;
        };
        if from != to && !allowed.contains(to) {
            let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            faults.push(format!("src/{place}: {from} must not name {to}; it may name {allowed}"));
        }
    }
    // A group names the same part several times.
    faults.dedup();
    faults
}

/// The circles between folders that lie in the same folder. A folder and what lies in it belong together.
fn circles(arrows: &[Arrow], folders: &BTreeSet<String>) -> Vec<String> {
    let mut places: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for Arrow { from, to, place } in arrows {
        let common = from.split('/').zip(to.split('/')).take_while(|(from, to)| from == to).count();
        let (Some(from), Some(to)) = (ancestor(from, common), ancestor(to, common)) else { continue };
        if folders.contains(from) && folders.contains(to) {
            places.entry((from, to)).or_insert(place);
        }
    }
    let mut faults = BTreeSet::new();
    for start in folders {
        // The shortest way back to where it began.
        let mut ways = vec![vec![start.as_str()]];
        let mut met = BTreeSet::new();
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for (_, to) in places.keys().filter(|(from, _)| way.last() == Some(from)) {
                    if to == start && way.iter().min() == Some(&start.as_str()) {
                        let steps = way.iter().zip(way[1..].iter().chain([to]));
                        let steps: Vec<String> =
                            steps.map(|(from, to)| format!("{from} -> {to} (src/{})", places[&(*from, *to)])).collect();
                        faults.insert(format!("a circle: {}", steps.join(", ")));
                    } else if met.insert(*to) {
                        longer.push(way.iter().copied().chain([*to]).collect());
                    }
                }
            }
            ways = longer;
        }
    }
    faults.into_iter().collect()
}

/// The first segments of a module, one more than `common`; `None` if it has not so many.
fn ancestor(module: &str, common: usize) -> Option<&str> {
    let mut ends = module.match_indices('/').map(|(at, _)| at).chain([module.len()]);
    ends.nth(common).map(|end| &module[..end])
}

fn folders(files: &[File]) -> BTreeSet<String> {
    let parents = |path: &str| path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect::<Vec<_>>();
    files.iter().flat_map(|file| parents(&file.path)).collect()
}

fn read(src: &Path) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![src.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push(File { path: path.strip_prefix(src).unwrap().to_str().unwrap().to_owned(), text });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// What production code names of the same crate. A crate that `lib.rs` passes on is not a module, and left out.
fn arrows(files: &[File]) -> Vec<Arrow> {
    let modules: BTreeSet<&str> = files.iter().map(File::module).collect();
    let mut arrows = Vec::new();
    for file in files.iter().filter(|file| !file.is_exempt()) {
        let from = file.module();
        let own: Vec<&str> = from.split('/').collect();
        for (line, path) in paths(&file.text) {
            let mut segments = Vec::new();
            for (at, segment) in path.iter().enumerate() {
                match segment.as_str() {
                    "crate" if at == 0 => {}
                    "self" if at == 0 => segments.extend(&own),
                    "super" if at == 0 => segments.extend(&own[..own.len() - 1]),
                    "super" => drop(segments.pop()),
                    other => segments.push(other),
                }
            }
            // The item of a module is named by its module.
            while !segments.is_empty() && !modules.contains(segments.join("/").as_str()) {
                segments.pop();
            }
            let to = segments.join("/");
            if !to.is_empty() && to != from {
                arrows.push(Arrow { from: from.to_owned(), to, place: format!("{}:{line}", file.path) });
            }
        }
    }
    arrows
}

fn planted(files: &[(&str, &str)]) -> (Vec<Arrow>, BTreeSet<String>) {
    let files: Vec<File> =
        files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
    (arrows(&files), folders(&files))
}

#[test]
fn a_planted_violation_is_found_with_its_place() {
    let (arrows, _) = planted(&[
        ("lib.rs", "pub mod low; pub mod high;"),
        ("low/mod.rs", "//! Low.\n\nuse crate::high::Thing;\nuse reader::Table;\n"),
        (
            "low/file.rs",
            "use crate::{\n    high::deep::{self, A as B},\n    low,\n};\nfn f() -> crate::high::Thing {}\n",
        ),
        ("low/other.rs", "use super::super::high;\n"),
        ("low/tests.rs", "use crate::high::Thing;\n"),
        ("high/mod.rs", "use crate::low::Thing;\n"),
        ("high/deep.rs", "use crate::stranger::Thing; use super::Thing;\n"),
        ("stranger.rs", ""),
    ]);
    let layers: &[(&str, &[&str])] = &[("high", &["low"]), ("low", &[])];
    let faults = forbidden(&arrows, layers);
    assert_eq!(
        faults,
        [
            "src/low/mod.rs:3: low must not name high; it may name nothing",
            "src/low/file.rs:2: low must not name high; it may name nothing",
            "src/low/file.rs:5: low must not name high; it may name nothing",
            "src/low/other.rs:1: low must not name high; it may name nothing",
            "src/high/deep.rs:1: high/deep names stranger, and one of the two is not a part of LAYERS",
        ]
    );
}

#[test]
fn a_planted_circle_is_found_once_and_only_between_folders() {
    let (arrows, folders) = planted(&[
        ("a/mod.rs", "use self::x::X; use self::y::Y; mod leaf; mod twig;"),
        ("a/leaf.rs", "use super::twig::T;"),
        ("a/twig.rs", "use super::leaf::L;"),
        ("a/x/mod.rs", "use super::Parent;\nuse crate::a::y::Y;"),
        ("a/y/mod.rs", "use super::z::in_z::Z;"),
        ("a/z/in_z.rs", "use super::super::x;"),
        ("a/z/mod.rs", "mod in_z;"),
        ("b/mod.rs", "use crate::a::x::X;"),
    ]);
    assert_eq!(
        circles(&arrows, &folders),
        ["a circle: a/x -> a/y (src/a/x/mod.rs:2), a/y -> a/z (src/a/y/mod.rs:1), a/z -> a/x (src/a/z/in_z.rs:1)"]
    );
}
