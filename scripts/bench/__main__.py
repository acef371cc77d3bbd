"""Measures the agent and writes the tables of docs/PERFORMANCE.md.

usage: python3 scripts/bench [PART ...]     all parts without one; `make bench` builds what is needed first

Ratios are taken in turns within one run. It listens on 127.0.0.1 alone and ends every program that it started.
"""

import sys
import time

import built
import many
import page
import peers
import reach
from stage import Failed, Stage

PARTS = peers.PARTS | many.PARTS | reach.PARTS | built.PARTS


def main():
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        raise Failed(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    for name in wanted:
        began = time.monotonic()
        print(f"{name} ", end="", file=sys.stderr, flush=True)
        with Stage() as stage:
            measured = PARTS[name](stage)
        tables = measured if isinstance(measured, tuple) else (measured,)
        text = "\n".join(table.markdown() for table in tables)
        print(f" {time.monotonic() - began:.0f} s\n{text}", flush=True)
        page.write(name, text)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(f"bench: {error}")
