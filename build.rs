//! Passes the git revision to the binary as `MANOMETER_GIT_REVISION`: from the environment (a container build has no
//! `.git`), else from git, else `unknown`. It says nothing of uncommitted changes: cargo does not rerun this at each.

use std::path::Path;
use std::process::Command;

const VARIABLE: &str = "MANOMETER_GIT_REVISION";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let given = std::env::var(VARIABLE).ok().filter(|revision| !revision.is_empty());
    let revision = given.or_else(revision_of_checkout).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env={VARIABLE}={revision}");
}

/// The revision of the checkout whose root this package is. A tarball unpacked inside another project's checkout is
/// not that.
fn revision_of_checkout() -> Option<String> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")?;
    let checkout = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&checkout).canonicalize().ok()? != Path::new(&package).canonicalize().ok()? {
        return None;
    }
    // HEAD changes with the branch, its log with each commit. In a worktree neither lies under `.git`. A path that is
    // not there would make cargo run this at every build.
    for file in ["HEAD", "logs/HEAD", "packed-refs"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]).filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

/// The one line that a git command prints; none if it fails or git is not there.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| line.trim().to_owned()).filter(|line| !line.is_empty())
}
