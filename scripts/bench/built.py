"""What is known without a server: the size of the binary, the parsers' own benchmarks, and a poll of a large Kafka."""

import json
import os
import re
import subprocess
import time

from page import Table
from stage import AGENT, RELEASE, ROOT, Failed, spread

CRITERION = RELEASE.parent / "criterion"


def size(_stage):
    table = Table("the default binary, stripped, MB", "", "goal")
    table.row("`cargo build --release`", f"{os.path.getsize(AGENT) / 1e6:.1f}", "14")
    return table


def benchmarks(names, *more):
    """What the benchmarks of these names print."""
    words = [ROOT / "scripts" / "cargo.sh", "bench", "--locked", "--workspace"]
    words += [part for name in names for part in ("--bench", name)]
    return subprocess.run([str(word) for word in (*words, "--", *more)], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def micro(_stage):
    """All criterion benchmarks, one core."""
    began = time.time()
    # By their names: the test harness of the crates does not know criterion's arguments.
    names = {path.stem for folder in (ROOT, *ROOT.glob("crates/*")) for path in folder.glob("benches/*.rs")}
    benchmarks(sorted(names - {"kafka"}), "--noplot", "--warm-up-time", "1", "--measurement-time", "2", "--sample-size", "10")
    table = Table("`make microbench`, one core", "median", "throughput")
    # Results of earlier runs stay there.
    for file in sorted(file for file in CRITERION.rglob("new/benchmark.json") if file.stat().st_mtime >= began):
        measured = json.loads((file.parent / "estimates.json").read_text())["median"]["point_estimate"]
        told = json.loads(file.read_text())
        table.row(told["full_id"], f"{measured / 1000:,.1f} µs", throughput(told["throughput"], measured))
    if len(table.rows) == 2:
        raise Failed(f"no results under {CRITERION}")
    return table


def kafka(_stage):
    """Brokers that answer at once, so that all of it is the agent's own."""
    said = benchmarks(["kafka"])
    polls = [(float(poll), float(export)) for poll, export in re.findall(r"([\d.]+) ms to poll, ([\d.]+) ms to export", said)]
    if not polls:
        raise Failed(f"the benchmark says nothing of polls: {said}")
    table = Table("CPU of a poll of Kafka, 500 groups with 50 partitions each, ms", "", "goal")
    table.row("questions, replies and lags", spread([poll for poll, _ in polls], "{:.0f}"), "")
    table.row("export", spread([export for _, export in polls], "{:.0f}"), "")
    table.row("both", spread([sum(poll) for poll in polls], "{:.0f}"), "200")
    return table


def throughput(told, nanoseconds):
    if not told:
        return ""
    unit, count = next(iter(told.items()))
    rate = count / nanoseconds * 1e9
    return f"{rate / 1e6:,.0f} MB/s" if unit.startswith("Bytes") else f"{rate / 1e6:,.2f} million/s"


PARTS = {"size": size, "micro": micro, "kafka": kafka}
