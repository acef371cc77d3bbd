#!/bin/sh
# Runs the fuzz targets of src/fuzzing, one after the other: TIME seconds each (60).
#
#   scripts/fuzz.sh [TARGET...]
#
# It begins with real replies (tests/fixtures) and fuzz/corpus; what reaches new code is kept in the target directory, and
# what fails too: the way to repeat it is printed. MINIMISE=1 writes to fuzz/corpus the smallest inputs that reach as much as
# all that were found, within BYTES (16384) for a target.
#
# Stable Rust does: the code coverage that libFuzzer asks for is a pass of LLVM, and no sanitizer is needed without unsafe.
set -eu
cd "$(dirname -- "$0")/.."

host=$(rustc -vV 2>/dev/null | sed -n 's/^host: //p')
[ -n "$host" ] || host=$("${CARGO_HOME:-$HOME/.cargo}/bin/rustc" -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# With --target they are not for what runs while compiling.
flags='--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares'
# The agent's dependencies are those of its own lock file.
cp Cargo.lock fuzz/Cargo.lock
RUSTFLAGS=$(echo $flags) CARGO_TARGET_DIR=$folder scripts/cargo.sh build --quiet --release \
    --manifest-path fuzz/Cargo.toml --target "$host"
program=$folder/$host/release/manometer-fuzz
list=$(FUZZ_TARGET='' "$program" -runs=0 2>/dev/null)
[ $# -gt 0 ] || set -- $(echo "$list" | cut -d ' ' -f 1)

# Writes fuzz/corpus/$target anew: of what was found, what reaches more than real replies do, the smallest first.
minimise() {
    small=$folder/small
    rm -rf "$small"
    mkdir -p "$small"
    # What is in the first folder counts as reached.
    find "$folder/seeds" -type f -exec cp {} "$small/" \;
    ls "$small" >"$folder/small.seeds"
    FUZZ_TARGET=$target "$program" -set_cover_merge=1 -timeout=5 -rss_limit_mb=1024 "$small" "$grown" $seeds >"$found/log" 2>&1
    rm -rf "fuzz/corpus/$target"
    mkdir -p "fuzz/corpus/$target"
    left=${BYTES:-16384}
    for input in $(ls -Sr "$small" | grep -vxFf "$folder/small.seeds"); do
        left=$((left - $(wc -c <"$small/$input")))
        [ "$left" -ge 0 ] || break
        cp "$small/$input" "fuzz/corpus/$target/$input"
    done
    printf 'fuzz: %-14s %4s inputs, %6s bytes in fuzz/corpus\n' "$target" "$(ls "fuzz/corpus/$target" | wc -l)" "$(cat "fuzz/corpus/$target"/* | wc -c)"
}

status=0
for target in "$@"; do
    line=$(echo "$list" | grep "^$target ") || { echo "fuzz: no target $target; there are:" $(echo "$list" | cut -d ' ' -f 1) >&2; exit 64; }
    grown=$folder/corpus/$target
    found=$folder/found/$target
    mkdir -p "$grown" "$found"
    # Under names of their own: two folders may have a file of the same name. What is longer is cut by -max_len.
    rm -rf "$folder/seeds"
    mkdir -p "$folder/seeds"
    # Some have no folder of real replies.
    for seeds in ${line#"$target"}; do
        find "$seeds" -type f | while read -r seed; do
            cp "$seed" "$folder/seeds/$(echo "$seed" | tr / -)"
        done
    done
    seeds=$folder/seeds
    for seed in "fuzz/corpus/$target" "fuzz/regressions/$target"; do
        [ ! -d "$seed" ] || seeds="$seeds $seed"
    done
    if [ -n "${MINIMISE:-}" ]; then
        minimise
        continue
    fi
    # What one input may take is bounded as well: time in seconds, memory in MiB.
    if FUZZ_TARGET=$target "$program" -max_total_time="${TIME:-60}" -timeout=5 -rss_limit_mb=1024 -max_len=8192 \
        -print_final_stats=1 -artifact_prefix="$found/" "$grown" $seeds >"$found/log" 2>&1; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log")
        reached=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$found/log" | tail -n 1)
        printf 'fuzz: %-14s %9s executions, %6s edges, %5s inputs kept\n' "$target" "$executions" "$reached" "$(ls "$grown" | wc -l)"
    else
        status=1
        input=$(sed -n 's/.*Test unit written to //p' "$found/log" | tail -n 1)
        printf 'fuzz: %s FAILED: %s\n' "$target" "$(grep -m 1 -A 1 -e 'panicked at' -e 'ERROR: libFuzzer' "$found/log" | tr '\n' ' ')" >&2
        printf 'fuzz: again:    FUZZ_TARGET=%s %s %s\n' "$target" "$program" "$input" >&2
        printf 'fuzz: to keep:  mkdir -p fuzz/regressions/%s && cp %s fuzz/regressions/%s/NAME; cargo test --lib fuzzing\n' "$target" "$input" "$target" >&2
    fi
done
exit "$status"
