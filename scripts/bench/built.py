"""What is known without a server: the size of the binary, and the parsers' own benchmarks."""

import json
import os
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
    words = [ROOT / "scripts" / "cargo.sh", "bench", "--locked", "--workspace", "--", "--noplot"]
    subprocess.run([str(word) for word in words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    table = Table("`make microbench`, one core", "median", "throughput")
    for file in sorted(CRITERION.rglob("new/benchmark.json")):
        measured = json.loads((file.parent / "estimates.json").read_text())["median"]["point_estimate"]
        told = json.loads(file.read_text())
        table.row(told["full_id"], f"{measured / 1000:,.1f} µs", throughput(told["throughput"], measured))
    if len(table.rows) == 2:
        raise Failed(f"no results under {CRITERION}")
    return table


def throughput(told, nanoseconds):
    if not told:
        return ""
    unit, count = next(iter(told.items()))
    rate = count / nanoseconds * 1e9
    return f"{rate / 1e6:,.0f} MB/s" if unit.startswith("Bytes") else f"{rate / 1e6:,.2f} million/s"


PARTS = {"size": size, "micro": micro}
