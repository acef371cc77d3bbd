"""One Redis: the agent, redis_exporter, and nginx with a file of the same bytes."""

import socket
import statistics
import subprocess
import time

from page import Table
from stage import HOST, cpu, get, percentile, program, ratios, resident_mib, spread, target, turns, until, value

ROUNDS = 5
RATE_SECONDS = 4
LATENCY_SECONDS = 30
COST_ROUNDS = 3
LOOKS = 8


def requests_per_second(port):
    words = [program("wrk"), "-t1", "-c4", f"-d{RATE_SECONDS}s", f"http://{HOST}:{port}/metrics"]
    report = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return next(float(line.split()[1]) for line in report.splitlines() if line.startswith("Requests/sec:"))


def rates(stage):
    _, redis = stage.redis()
    agent, port = stage.agent(target("bench", redis, "1s"))
    exporter, theirs = stage.exporter(redis)
    nginx, static = stage.nginx(get(port))
    ways = [lambda at=at: requests_per_second(at) for at in (port, static, theirs)]
    ours, file, other = turns(ROUNDS, *ways)
    for process in (agent, exporter, nginx):
        stage.stop(process)
    table = Table("`/metrics`, `wrk -t1 -c4`, while the target is polled each second", "requests/s", "the agent's, as a multiple", "goal")
    table.row("the agent", f"{statistics.median(ours):,.0f}", "", "")
    table.row("nginx, the same bytes from a file", f"{statistics.median(file):,.0f}", spread(ratios(ours, file)), "0.9")
    table.row("redis_exporter", f"{statistics.median(other):,.0f}", spread(ratios(ours, other), "{:.0f}"), "70")
    return table


class Kept:
    """A connection that is kept: nothing but the time of an answer is measured."""

    def __init__(self, port):
        self.socket = socket.create_connection((HOST, port), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray(1 << 20)

    def milliseconds(self):
        began = time.perf_counter()
        self.socket.sendall(b"GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n")
        got, needed = 0, None
        while needed is None or got < needed:
            got += self.socket.recv_into(memoryview(self.buffer)[got:])
            head = self.buffer.find(b"\r\n\r\n", 0, got) if needed is None else -1
            if head >= 0:
                at = self.buffer.lower().find(b"content-length:", 0, head)
                needed = head + 4 + int(self.buffer[at + 15 : self.buffer.index(b"\r", at)])
        return (time.perf_counter() - began) * 1000


def latency(stage, clients=10_000):
    _, redis = stage.redis(clients + 500)
    held = stage.clients(redis, clients)
    agent, port = stage.agent(target("bench", redis, "1s"))
    nginx, static = stage.nginx(get(port))
    until("two polls", lambda: value(port, "manometer_polls_total") >= 2)
    kept = [Kept(port), Kept(static)]
    taken = ([], [])
    end = time.monotonic() + LATENCY_SECONDS
    while time.monotonic() < end:
        for connection, into in zip(kept, taken, strict=True):
            into.append(connection.milliseconds())
            time.sleep(0.002)
    for process in (agent, held, nginx):
        stage.stop(process)
    table = Table(f"an answer of `/metrics` while {clients:,} clients are polled each second, ms", "median", "p99", "most", "goal, p99")
    for name, values, goal in (("the agent", taken[0], "1"), ("nginx, the same bytes from a file", taken[1], "")):
        table.row(name, *(f"{percentile(values, part):.2f}" for part in (0.5, 0.99, 1)), goal)
    return table


def looks(stage, port, process, redis, looks_at, counted):
    """CPU of a look at Redis: what the process takes, and what Redis takes, in milliseconds."""
    before = cpu(process), cpu(redis), counted()
    for _ in range(LOOKS):
        time.sleep(1)
        looks_at(port)
    count = counted() - before[2]
    return (cpu(process) - before[0]) * 1000 / count, (cpu(redis) - before[1]) * 1000 / count


def looked(stage, redis, redis_port, clients, scraped):
    def agent():
        process, port = stage.agent(target("bench", redis_port, "1s"))
        time.sleep(2)
        scrape = (lambda at: get(at, gzip=True)) if scraped else (lambda _: None)
        cost = looks(stage, port, process, redis, scrape, lambda: value(port, "manometer_polls_total"))
        stage.stop(process)
        return cost

    def exporter():
        process, port = stage.exporter(redis_port, *(["-export-client-list"] if clients else []))
        scrapes = iter(range(1 << 30))
        cost = looks(stage, port, process, redis, lambda at: (next(scrapes), get(at, gzip=True)), lambda: next(scrapes))
        stage.stop(process)
        return cost

    return turns(COST_ROUNDS, agent, exporter)


def costs(stage):
    redis, port = stage.redis()
    table = Table("CPU of one look at Redis, idling included", "agent, ms", "redis_exporter, ms", "ratio", "goal", "Redis's own CPU, ratio")

    def row(what, goal, clients, scraped):
        ours, theirs = looked(stage, redis, port, clients, scraped)
        own, other = [cost for cost, _ in ours], [cost for cost, _ in theirs]
        served = ratios([server for _, server in ours], [server for _, server in theirs])
        table.row(what, f"{statistics.median(own):.2f}", f"{statistics.median(other):.2f}", spread(ratios(own, other)), goal, spread(served))

    row("a poll", "0.25", False, False)
    row("a poll and a scrape", "0.4", False, True)
    held = stage.clients(port, 5_000)
    row("a poll of 5,000 clients", "0.03", True, False)
    stage.stop(held)
    return table


def memory(stage):
    _, redis = stage.redis()

    def held(start):
        process, port = start()
        for _ in range(20):
            get(port, gzip=True)
            get(port)
        amount = resident_mib(process)
        stage.stop(process)
        return amount

    ours, theirs = turns(
        ROUNDS, lambda: held(lambda: stage.agent(target("bench", redis, "1s"))), lambda: held(lambda: stage.exporter(redis))
    )
    table = Table("resident memory, one target, after 20 scrapes by gzip and 20 plain, MiB", "", "goal")
    table.row("the agent", spread(ours, "{:.1f}"), "9")
    table.row("redis_exporter", spread(theirs, "{:.1f}"), "")
    table.row("ratio", spread(ratios(ours, theirs)), "")
    return table


def start(stage, runs=20):
    """From the start of the process to the first /metrics that has a poll of its one local target."""
    _, redis = stage.redis()
    taken = []
    for _ in range(runs):
        process, port, began = stage.launched(target("bench", redis, "15s"))
        until("a poll that is shown", lambda: b'redis_up{target="bench"} 1' in get(port), 10, pause=0.001)
        taken.append((time.perf_counter() - began) * 1000)
        stage.stop(process)
    table = Table(f"start to first complete `/metrics`, one local target, {runs} runs, ms", "", "goal")
    table.row("the agent", spread(taken, "{:.0f}"), "150")
    return table


PARTS = {"rates": rates, "latency": latency, "costs": costs, "memory": memory, "start": start}
