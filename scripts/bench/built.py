"""What is known without a server: the size of the binary, the parsers' own benchmarks, and a poll of a large Kafka."""

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from page import Table
from stage import AGENT, RELEASE, Failed, spread


def size(_stage):
    table = Table("the default binary, stripped, MB", "", "goal")
    table.row("`cargo build --release`", f"{os.path.getsize(AGENT) / 1e6:.1f}", "14")
    return table


def criterion(only=""):
    """Those benchmarks whose ids this regular expression fits: each with what it was told, and what it measured."""
    words = [RELEASE / "micro", "--bench", only, "--noplot", "--quiet"]
    words += ["--warm-up-time", "1", "--measurement-time", "2", "--sample-size", "10"]
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(words, env=os.environ | {"CRITERION_HOME": folder}, capture_output=True, text=True)
        if ended.returncode:
            raise Failed(f"the benchmarks failed: {ended.stderr}")
        files = sorted(Path(folder).rglob("new/benchmark.json"))
        if not files:
            raise Failed("the benchmarks left no results")
        return [(json.loads(file.read_text()), json.loads((file.parent / "sample.json").read_text())) for file in files]


def each(sample):
    """Nanoseconds of one turn, in each sample."""
    return [time / turns for time, turns in zip(sample["times"], sample["iters"])]


def micro(_stage):
    """The parts of the agent by themselves, one core."""
    table = Table("`make microbench`, one core, µs", "median", "least", "at the least")
    for told, sample in criterion():
        if told["group_id"] == "kafka":
            continue
        # On a machine with other work the least says most.
        times = each(sample)
        median, least = statistics.median(times), min(times)
        table.row(told["full_id"], f"{median / 1000:,.1f}", f"{least / 1000:,.1f}", throughput(told["throughput"], least))
    return table


def kafka(_stage):
    """Brokers that answer at once, so that all of it is the agent's own."""
    measured = {told["function_id"]: [time / 1e6 for time in each(sample)] for told, sample in criterion("^kafka/")}
    table = Table("CPU of a poll of Kafka, 500 groups with 50 partitions each, ms", "", "goal")
    table.row("questions, replies and lags", spread(measured["poll"], "{:.0f}"), "")
    table.row("export", spread(measured["export"], "{:.0f}"), "")
    table.row("both", f"{sum(map(statistics.median, measured.values())):.0f}", "200")
    return table


def throughput(told, nanoseconds):
    if not told:
        return ""
    unit, count = next(iter(told.items()))
    rate = count / nanoseconds * 1e9
    return f"{rate / 1e6:,.0f} MB/s" if unit.startswith("Bytes") else f"{rate / 1e6:,.2f} million/s"


PARTS = {"size": size, "micro": micro, "kafka": kafka}
