#!/bin/sh
# rustc with clippy's lints, as scripts/lint.sh wants it.
exec clippy-driver "$@" "--$LINT_WARNINGS" warnings
