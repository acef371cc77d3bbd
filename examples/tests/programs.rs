//! The programs of this package start. That they are tested here has cargo build them along with all other tests.
#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

use std::process::Command;

#[test]
fn each_says_what_it_is_for() {
    let programs =
        [(env!("CARGO_BIN_EXE_ticker"), "--redis"), (env!("CARGO_BIN_EXE_playground"), "Ctrl-C ends it all")];
    for (program, said) in programs {
        let output = Command::new(program).arg("--help").output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(said), "{program}: {output:?}");
    }
}
