"""Keys and clusters: what exact keys, a walk over ten million keys and a hundred nodes cost, the server and the agent."""

import socket
import statistics
import time

from page import Table
from stage import HOST, Failed, cpu, free_port, percentile, ratios, redis, resident_mib, spread, target, turns, until, value

ROUNDS = 3
SECONDS = 8
EXACT = 1_000
BUDGET = 1_000
NODES = 100
SLOTS = 16_384


def taken_by_polls(port, polls):
    """How long each of so many polls took, ms."""
    taken, seen = [], value(port, "manometer_polls_total")
    while len(taken) < polls:
        until("a poll", lambda: value(port, "manometer_polls_total") > seen, pause=0.2)
        seen = value(port, "manometer_polls_total")
        taken.append(value(port, "manometer_poll_duration_seconds") * 1000)
    return taken


def keys(stage):
    """Texts, lists and hashes by their names."""
    server, at = stage.redis()
    fill = "for i = 1, ARGV[1] do local k = 'key:' .. i; if i % 2 == 0 then redis.call('SET', k, i) else redis.call('RPUSH', k, 1, 2) end end"
    redis(at, "EVAL", fill, 0, EXACT)
    names = ", ".join(f'"key:{number}"' for number in range(1, EXACT + 1))

    def polled(more):
        process, port = stage.agent(target("bench", at, "1s", more))
        taken_by_polls(port, 1)
        before = cpu(process), cpu(server), value(port, "manometer_polls_total")
        taken = statistics.median(taken_by_polls(port, SECONDS))
        polls = value(port, "manometer_polls_total") - before[2]
        shown = value(port, "redis_key_size") > 0
        spent = [(cpu(of) - was) * 1000 / polls for of, was in ((process, before[0]), (server, before[1]))]
        stage.stop(process)
        if shown != bool(more):
            raise Failed("the keys are not shown" if more else "there are keys that nobody asked for")
        return taken, *spent

    without, asked = turns(ROUNDS, lambda: polled(""), lambda: polled(f"[[redis.key]]\nname = [{names}]"))
    table = Table("a poll, ms", "without keys", f"{EXACT:,} exact keys", "more", "goal")
    for place, (what, goal) in enumerate((("how long it takes", "5"), ("the agent's CPU", ""), ("Redis's own CPU", ""))):
        before, after = ([one[place] for one in way] for way in (without, asked))
        more = [b - a for a, b in zip(before, after, strict=True)]
        table.row(what, spread(before), spread(after), spread(more), goal)
    return table


class Pinging:
    """A client that asks PING every millisecond, one after the other: what the clients of a server feel."""

    def __init__(self, port):
        self.socket = socket.create_connection((HOST, port), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def milliseconds(self, seconds):
        taken, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.perf_counter()
            self.socket.sendall(b"PING\r\n")
            if self.socket.recv(64) != b"+PONG\r\n":
                raise Failed("PING is not answered")
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(0.001)
        return taken


def scanning(stage, count=10_000_000):
    """A pattern that every key of a large server fits."""
    server, at = stage.redis(more=("--enable-debug-command", "local"))
    redis(at, "DEBUG", "POPULATE", count, "key", 8)
    client = Pinging(at)

    def calls(command):
        line = next((line for line in redis(at, "INFO", "commandstats").splitlines() if line.startswith(f"cmdstat_{command}:")), None)
        return int(line.split("calls=")[1].split(",")[0]) if line else 0

    def walked(more):
        process, port = stage.agent(target("bench", at, "1s", f"canary = true\n{more}"))
        until("a poll", lambda: value(port, "manometer_polls_total") >= 2)
        redis(at, "CONFIG", "RESETSTAT")
        names = ("manometer_polls_total", "redis_key_scanned_keys_total", "redis_ping_seconds_sum", "redis_ping_seconds_count")
        before, began = [value(port, name) for name in names], (cpu(process), cpu(server))
        taken = client.milliseconds(SECONDS)
        canary = value(port, "redis_publish_canary_seconds") * 1000
        polls, scanned, pinged, pings = (value(port, name) - was for name, was in zip(names, before, strict=True))
        spent = [(cpu(of) - was) * 1000 / polls for of, was in zip((process, server), began, strict=True)]
        scans = calls("scan")
        stage.stop(process)
        if scanned > (BUDGET + 16) * (polls + 1) or scans > 4 * (polls + 1):
            raise Failed(f"{scanned} keys in {scans} calls of SCAN in {polls} polls: the budget is {BUDGET} keys a poll")
        return {"taken": taken, "ping": pinged / pings * 1000, "canary": canary, "keys": scanned / polls, "scans": scans / polls, "spent": spent}

    ways = {
        "no pattern": "",
        '`match = "key:*"`, `top = 0`': '[[redis.key]]\nmatch = "key:*"\ntop = 0',
        '`match = "*"`, `memory = true`': '[[redis.key]]\nmatch = "*"\nmemory = true',
    }
    rounds = turns(ROUNDS, *(lambda more=more: walked(more) for more in ways.values()))
    table = Table(
        f"{count:,} keys, a poll each second", "keys a poll", "calls of SCAN", "a client's PING, ms: median, p99, p99.9, most",
        "`redis_ping_ms`", "`redis_publish_canary_seconds`, ms", "the agent's CPU of a poll, ms", "Redis's, more than without",
    )
    idle = statistics.median(result["spent"][1] for result in rounds[0])
    for what, results in zip(ways, rounds, strict=True):
        taken = [one for result in results for one in result["taken"]]
        middle = {name: statistics.median(result[name] for result in results) for name in ("ping", "canary", "keys", "scans")}
        agent, server = (statistics.median(result["spent"][place] for result in results) for place in (0, 1))
        table.row(
            what, f"{middle['keys']:,.0f}", f"{middle['scans']:.1f}", ", ".join(f"{percentile(taken, part):.2f}" for part in (0.5, 0.99, 0.999, 1)),
            f"{middle['ping']:.2f}", f"{middle['canary']:.2f}", f"{agent:.1f}", f"{server - idle:.1f}",
        )
    return table


def nodes(stage):
    """Servers that know each other from the start, each with its part of the slots: ports and processes."""
    ports = []
    while len(ports) < 2 * NODES:
        ports = list({*ports, free_port()})
    places = list(zip(ports[:NODES], ports[NODES:], strict=True))
    names = [f"{number:040x}" for number in range(1, NODES + 1)]
    first = [SLOTS * number // NODES for number in range(NODES + 1)]

    def line(number, me):
        port, bus = places[number]
        who = "myself,master" if number == me else "master"
        return f"{names[number]} {HOST}:{port}@{bus} {who} - 0 0 {number + 1} connected {first[number]}-{first[number + 1] - 1}\n"

    started = []
    for me, (port, bus) in enumerate(places):
        known = "".join(line(number, me) for number in range(NODES))
        (stage.folder / f"nodes-{port}.conf").write_text(f"{known}vars currentEpoch {NODES} lastVoteEpoch 0\n")
        more = ("--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-config-file", f"nodes-{port}.conf")
        started.append(stage.redis(more=more, port=port)[0])
    until("the cluster is ok", lambda: all("cluster_state:ok" in redis(port, "CLUSTER", "INFO") for port, _ in places), 120)
    return [port for port, _ in places], started


def cluster(stage):
    """One target of a hundred nodes, and the same servers as a hundred targets."""
    ports, servers = nodes(stage)
    commands = lambda: sum(int(redis(port, "INFO", "stats").split("total_commands_processed:")[1].split()[0]) for port in ports)

    def watched(tables):
        process, port = stage.agent(tables, up=NODES)
        until("two polls of each", lambda: value(port, "manometer_polls_total") >= 2 * NODES)
        before = value(port, "manometer_polls_total"), commands(), cpu(process), sum(map(cpu, servers))
        time.sleep(SECONDS)
        after = value(port, "manometer_polls_total"), commands(), cpu(process), sum(map(cpu, servers))
        polls, heard, spent, theirs = (b - a for a, b in zip(before, after, strict=True))
        held = resident_mib(process)
        stage.stop(process)
        return spent * 1000 / polls, held, (heard - NODES) / polls, theirs * 1000 / polls

    one = target("bench", ports[0], "1s", f'cluster = true\nseeds = ["{HOST}:{ports[1]}"]')
    many = "".join(target(f"t{number}", port, "1s") for number, port in enumerate(ports))
    together, apart = turns(ROUNDS, lambda: watched(one), lambda: watched(many))
    table = Table(f"{NODES} nodes, polled each second", "one target, `cluster = true`", f"{NODES} targets", "ratio")
    rows = ("the agent's CPU of a poll of a node, ms", "the agent's resident memory, MiB", "commands that a node hears a poll", "the nodes' CPU by poll, gossip included, ms")
    for place, what in enumerate(rows):
        ours, theirs = ([way[place] for way in rounds] for rounds in (together, apart))
        table.row(what, spread(ours), spread(theirs), spread(ratios(ours, theirs)))
    return table


PARTS = {"keys": keys, "scanning": scanning, "cluster": cluster}
