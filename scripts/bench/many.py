"""Many targets and many clients: whether costs grow in a line, and how punctual polls stay."""

import resource
import statistics
import subprocess
import time

from page import Table
from stage import Failed, cpu, get, percentile, program, resident_mib, spread, target, until, value

SERVERS = 8
INTERVAL = 15
# Open files of a server or an agent at most: ten thousand connections, and what else each holds.
FILES = 20_000
SIZES = (125, 250, 500, 1_000)
CLIENTS = (1_250, 2_500, 5_000, 10_000)
WITHOUT_CLIENTS = "client_list = false"


def allow_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < FILES:
        raise Failed(f"the limit of open files ({hard}) is too low: {FILES} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))


def fleet(stage, servers, count, more=""):
    """An agent with that many targets on the servers, once all have been polled twice: (process, port)."""
    ports = [port for _, port in servers]
    tables = [target(f"t{number}", ports[number % len(ports)], f"{INTERVAL}s", more) for number in range(count)]
    process, port = stage.agent("".join(tables), up=count)
    until("two polls of each", lambda: value(port, "manometer_polls_total") >= 2 * count, 4 * INTERVAL)
    return process, port


def percent_of_a_core(process, seconds):
    before = cpu(process)
    time.sleep(seconds)
    return (cpu(process) - before) / seconds * 100


def lateness(port, seconds):
    """How far polls of one server's targets are from their time, ms: what lies between two of a target, off its interval."""
    words = [program("timeout"), str(seconds), program("redis-cli"), "-p", str(port), "monitor"]
    seen = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    last, starts = {}, {}
    for line in seen.splitlines():
        parts = line.split()
        if len(parts) < 3 or not parts[0][0].isdigit():
            continue
        at, client = float(parts[0]), parts[2]
        # Commands of one poll come together; what comes seconds later is the next poll.
        if at - last.get(client, 0) > INTERVAL / 3:
            starts.setdefault(client, []).append(at)
        last[client] = at
    late = [
        abs(after - before - INTERVAL) * 1000
        for times in starts.values()
        for before, after in zip(times, times[1:])
        if after - before < 2 * INTERVAL
    ]
    if not late:
        raise Failed(f"MONITOR on port {port} saw no target polled twice")
    return late


def scrapes(port, gzip):
    """Seconds of five scrapes, each after polls that changed something."""
    taken = []
    for _ in range(5):
        time.sleep(1.1)
        began = time.perf_counter()
        get(port, gzip=gzip)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def thousand(stage, count=1_000, clients=1_000):
    allow_files()
    servers = [stage.redis() for _ in range(SERVERS)]
    held = [stage.clients(port, clients - count // SERVERS) for _, port in servers]
    process, port = fleet(stage, servers, count)
    busy = percent_of_a_core(process, 2 * INTERVAL)
    plain, packed = scrapes(port, gzip=False), scrapes(port, gzip=True)
    late = lateness(servers[0][1], 4 * INTERVAL)
    size, resident = len(get(port)), resident_mib(process)
    for one in [process, *held, *(server for server, _ in servers)]:
        stage.stop(one)
    table = Table(f"{count:,} Redis targets on {SERVERS} servers, {clients:,} clients each, every {INTERVAL} s", "", "goal")
    table.row("CPU, % of a core", f"{busy:.1f}", "10")
    table.row("resident memory after ten scrapes, MiB", f"{resident:.0f}", "120")
    table.row("polls off their time, ms: median, p99, most", ", ".join(f"{percentile(late, part):.0f}" for part in (0.5, 0.99, 1)), "100 at p99")
    table.row(f"a full scrape, plain, {size / 1e6:.1f} MB, ms", spread(plain, "{:.0f}"), "200")
    table.row("a full scrape, gzip, ms", spread(packed, "{:.0f}"), "200")
    return table


def ten_thousand(stage, count=10_000):
    allow_files()
    servers = [stage.redis() for _ in range(SERVERS)]
    process, port = fleet(stage, servers, count, WITHOUT_CLIENTS)
    busy = percent_of_a_core(process, 2 * INTERVAL)
    taken, size, resident = scrapes(port, gzip=True), len(get(port)), resident_mib(process)
    for one in [process, *(server for server, _ in servers)]:
        stage.stop(one)
    table = Table(f"{count:,} Redis targets on {SERVERS} servers, without CLIENT LIST, every {INTERVAL} s", "")
    table.row("CPU, % of a core", f"{busy:.1f}")
    table.row("resident memory after scrapes, MiB", f"{resident:.0f}")
    table.row(f"a full scrape, gzip, {size / 1e6:.0f} MB before it, ms", spread(taken, "{:.0f}"))
    return table


def growth(stage):
    allow_files()
    servers = [stage.redis() for _ in range(SERVERS)]
    targets = Table("targets, without CLIENT LIST", "CPU of a poll, ms", "resident memory of a target, KiB", "a scrape, ms of a hundred targets")
    for count in SIZES:
        process, port = fleet(stage, servers, count, WITHOUT_CLIENTS)
        busy = percent_of_a_core(process, INTERVAL) * INTERVAL * 10 / count
        scrape = statistics.median(scrapes(port, gzip=False)) / count * 100
        targets.row(f"{count:,}", f"{busy:.2f}", f"{resident_mib(process) * 1024 / count:.0f}", f"{scrape:.1f}")
        stage.stop(process)
    clients = Table("clients", "CPU of a poll, ms", "of a thousand clients, ms")
    for count in CLIENTS:
        held = stage.clients(servers[0][1], count)
        process, port = stage.agent(target("bench", servers[0][1], "1s"))
        polls, before = value(port, "manometer_polls_total"), cpu(process)
        time.sleep(10)
        spent = (cpu(process) - before) * 1000 / (value(port, "manometer_polls_total") - polls)
        clients.row(f"{count:,}", f"{spent:.2f}", f"{spent / count * 1000:.2f}")
        stage.stop(process)
        stage.stop(held)
    return targets, clients


PARTS = {"thousand": thousand, "growth": growth, "ten_thousand": ten_thousand}
