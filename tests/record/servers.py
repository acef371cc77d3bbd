"""A Redis for each kind of trouble, and what a client of it is to be run with."""

import os
import signal
import socket
import subprocess
import tempfile
import time


def free_port():
    """A cluster's nodes listen 10,000 higher, too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port < 55000:
            return port


# What starts a server whose folder is a disk of 2 MB.
SMALL_DISK = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"']


class Redis:
    """A redis-server of its own on a free port of the loopback interface."""

    def __init__(self, *options, server="redis-server", config=(), small_disk=False):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        wrapper = [*SMALL_DISK, self.folder.name] if small_disk else []
        # A configuration comes first, and with it only what is said here.
        usual = ["--port", str(self.port), "--dir", self.folder.name]
        command = [*wrapper, server, *(config or ["--save", ""]), *usual, *options]
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("redis-server does not answer")

    def command(self, *words):
        with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(4096)

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


class Full:
    """A listening port that takes no connection: its backlog is full, so connecting hangs."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.waiting = []
        for _ in range(3):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self.waiting.append(waiting)

    def close(self):
        for each in [self.listener, *self.waiting]:
            each.close()


class Nobody:
    """A port on which nobody listens."""

    def __init__(self):
        self.port = free_port()

    def close(self):
        pass


def replica():
    server = Redis()
    server.command("REPLICAOF", "127.0.0.1", str(free_port()))
    return server


def full_of_clients():
    server = Redis("--maxclients", "2")
    # The one that looked whether the server answers must have gone.
    while b"connected_clients:1" not in server.command("INFO", "clients"):
        time.sleep(0.02)
    server.held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
    return server


# situation: (how the server is made, what is done to it once the client has connected)
SITUATIONS = {
    "refused": (Nobody, None),
    "unknown_host": (Nobody, None),
    "connect_hangs": (Full, None),
    "hung": (Redis, Redis.hang),
    "killed": (Redis, Redis.kill),
    "readonly": (replica, None),
    "full": (lambda: Redis("--maxmemory", "1", "--maxmemory-policy", "noeviction"), None),
    "maxclients": (full_of_clients, None),
    "wrong_password": (lambda: Redis("--requirepass", "right"), None),
    "no_password": (lambda: Redis("--requirepass", "right"), None),
    "pool": (Redis, None),
}
