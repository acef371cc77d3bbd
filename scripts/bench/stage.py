"""What the benchmarks share: programs that end with the run, what they cost, and turns that are taken."""

import contextlib
import http.client
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
AGENT = os.environ.get("AGENT", str(RELEASE / "manometer"))
HOST = "127.0.0.1"


class Failed(Exception):
    """A benchmark that cannot go on, in words."""


def program(*names):
    """The first of the programs that is there."""
    for name in names:
        if found := shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin"):
            return found
    raise Failed(f"no such program: {' or '.join(names)}; `make bench` installs it")


def free_port():
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def until(what, is_true, seconds=30, pause=0.05):
    """Waits until a condition holds, which may raise while it does not."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if is_true():
                return
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(pause)


def cpu(process):
    """Seconds of CPU of a process and all its threads, those that ended among them, to the nanosecond."""
    return time.clock_gettime((~process.pid << 3) | 2)


def resident_mib(process):
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise Failed(f"no resident memory of {process.pid}")


def get(port, path="/metrics", gzip=False):
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip" if gzip else "identity"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise Failed(f"GET {path} on port {port}: {response.status}")
    return body


def value(port, name):
    """The sum of a metric's samples."""
    lines = (line for line in get(port).decode().splitlines() if line.startswith((name + "{", name + " ")))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def redis(port, *words):
    """What a server answers, as redis-cli prints it."""
    command = [program("redis-cli"), "-h", HOST, "-p", str(port), *(str(word) for word in words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Stage:
    """Programs in a folder of their own. Leaving it ends them all."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="manometer-bench-"))
        self.running = []
        return self

    def __exit__(self, *_):
        for process in list(self.running):
            self.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, *command, **more):
        log = (self.folder / f"{name}.log").open("ab")
        process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, **more)
        self.running.append(process)
        return process

    def stop(self, process):
        self.running.remove(process)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def redis(self, clients=11_000, more=(), port=None):
        """A server that keeps nothing: (process, port)."""
        port = port or free_port()
        process = self.start(
            f"redis-{port}", program("redis-server"), "--port", port, "--bind", HOST, "--save", "", "--appendonly",
            "no", "--dir", self.folder, "--maxclients", clients, *more,
        )
        until("redis-server", lambda: socket.create_connection((HOST, port), 1).close() is None)
        return process, port

    def clients(self, port, count):
        """Named connections to a server that are held; stopping the process ends them."""
        process = self.start(
            "clients", RELEASE / "hold_clients", "--port", port, "--clients", count, "--subscribers", count // 10,
            stdin=subprocess.PIPE,
        )
        log = self.folder / "clients.log"
        said = log.read_text().count("holding") if log.exists() else 0
        until(f"{count} clients", lambda: log.read_text().count("holding") > said, 120)
        return process

    def launched(self, targets):
        """An agent with these `[[redis]]` tables that has just begun: (process, port, when that was)."""
        port = free_port()
        config = self.folder / f"agent-{port}.toml"
        config.write_text(f'[web]\nlisten_address = "{HOST}:{port}"\n{targets}')
        began = time.perf_counter()
        return self.start(f"agent-{port}", AGENT, "run", "--config", config), port, began

    def agent(self, targets, up=1):
        """An agent with these tables: (process, port). It is there once `up` targets are."""
        process, port, _ = self.launched(targets)
        until(f"{up} targets up", lambda: value(port, "redis_up") >= up, 90)
        return process, port

    def exporter(self, redis_port, *flags):
        port = free_port()
        name = program("prometheus-redis-exporter", "redis_exporter")
        process = self.start(
            "exporter", name, "-web.listen-address", f"{HOST}:{port}", "-redis.addr", f"redis://{HOST}:{redis_port}", *flags
        )
        until("redis_exporter", lambda: value(port, "redis_up") == 1)
        return process, port

    def nginx(self, body):
        """An nginx that serves `body` from a file as /metrics, configured for nothing but speed."""
        port = free_port()
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        (folder / "metrics").write_bytes(body)
        (folder / "nginx.conf").write_text(
            f"""
            worker_processes auto; daemon off; pid {folder}/pid; error_log stderr;
            events {{ worker_connections 512; }}
            http {{
                access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=10;
                default_type "text/plain; version=0.0.4"; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
                fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                server {{ listen {HOST}:{port} backlog=4096; root {folder}; }}
            }}"""
        )
        os.chmod(self.folder, 0o755)
        process = self.start("nginx", program("nginx"), "-p", folder, "-c", folder / "nginx.conf")
        until("nginx", lambda: get(port) == body)
        return process, port


def target(name, port, interval, more=""):
    return f'[[redis]]\nname = "{name}"\nurl = "redis://{HOST}:{port}"\ninterval = "{interval}"\n{more}\n'


def turns(rounds, *ways):
    """Takes turns, in another order each round: the results of each way, round by round."""
    results = [[] for _ in ways]
    for _ in range(rounds):
        order = list(range(len(ways)))
        random.shuffle(order)
        for number in order:
            results[number].append(ways[number]())
        print(".", end="", file=sys.stderr, flush=True)
    return results


def ratios(ours, theirs):
    return [our / their for our, their in zip(ours, theirs, strict=True)]


def spread(values, form="{:.2f}"):
    """The median, and the least and the most in parentheses."""
    shown = [form.format(number) for number in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]
