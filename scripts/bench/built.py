"""What is known without a server: the size of the binary, the parsers' own benchmarks, and a poll of a large Kafka."""

import json
import os
import re
import statistics
import subprocess

from page import Table
from stage import AGENT, RELEASE, ROOT, Failed

CRITERION = RELEASE.parent / "criterion"


def size(_stage):
    table = Table("the default binary, stripped, MB", "", "goal")
    table.row("`cargo build --release`", f"{os.path.getsize(AGENT) / 1e6:.1f}", "14")
    return table


def micro(_stage):
    """All criterion benchmarks, one core."""
    # By their names: the test harness of the crates does not know criterion's arguments.
    names = sorted(path.stem for folder in (ROOT, *ROOT.glob("crates/*")) for path in folder.glob("benches/*.rs"))
    words = [ROOT / "scripts" / "cargo.sh", "bench", "--locked", "--workspace"]
    words += [part for name in names for part in ("--bench", name)]
    words += ["--", "--noplot", "--warm-up-time", "1", "--measurement-time", "2"]
    subprocess.run([str(word) for word in words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    table = Table("`make microbench`, one core", "median", "throughput")
    for file in sorted(CRITERION.rglob("new/benchmark.json")):
        measured = json.loads((file.parent / "estimates.json").read_text())["median"]["point_estimate"]
        told = json.loads(file.read_text())
        table.row(told["full_id"], f"{measured / 1000:,.1f} µs", throughput(told["throughput"], measured))
    if len(table.rows) == 2:
        raise Failed(f"no results under {CRITERION}")
    return table


def kafka(_stage):
    """By the test that measures it: brokers that answer at once, so that all of it is the agent's own.

    Optimised as the playground is: as what is shipped is, the tests take longer to build than all else here to measure."""
    words = [ROOT / "scripts" / "cargo.sh", "test", "--locked", "--profile", "playground", "--package", "manometer", "--lib", "--",
             "--ignored", "--nocapture", "of_500_groups"]
    said = subprocess.run([str(word) for word in words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    polls = [(int(poll), int(export)) for poll, export in re.findall(r"(\d+) ms to poll, (\d+) ms to export", said)]
    if not polls:
        raise Failed(f"the test says nothing of polls: {said}")
    return costs(polls)


def costs(polls):
    table = Table("CPU of a poll of Kafka, 500 groups with 50 partitions each, ms", "", "goal")
    for name, part in (("questions, replies and lags", 0), ("export", 1)):
        times = [poll[part] for poll in polls]
        table.row(name, f"{statistics.median(times):.0f} ({min(times)} to {max(times)})", "")
    both = [sum(poll) for poll in polls]
    table.row("both", f"{statistics.median(both):.0f} ({min(both)} to {max(both)})", "200")
    return table


def throughput(told, nanoseconds):
    if not told:
        return ""
    unit, count = next(iter(told.items()))
    rate = count / nanoseconds * 1e9
    return f"{rate / 1e6:,.0f} MB/s" if unit.startswith("Bytes") else f"{rate / 1e6:,.2f} million/s"


PARTS = {"size": size, "micro": micro, "kafka": kafka}
