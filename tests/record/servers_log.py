#!/usr/bin/env python3
"""Records what servers log of themselves in trouble and at rest: tests/record/servers_log.py SERVER [OPTION...] > lines.

SERVER is redis-server, valkey-server or keydb-server; OPTION goes to it, as --log-format logfmt. SITUATION in the environment
names one of the situations below; without it all are gone through, in three minutes. Which lines mean trouble is decided by people,
in tests/fixtures/logs/events.jsonl.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import servers

NAME, OPTIONS = sys.argv[1], sys.argv[2:]


class Server(servers.Redis):
    """A server, all of whose lines are printed when it is closed."""

    all = []

    def __init__(self, *options, **how):
        super().__init__(*options, *OPTIONS, server=NAME, **how)
        Server.all.append(self)

    def tell(self, *words):
        try:
            return self.command(*words)
        except OSError as error:
            return str(error).encode()

    def ends(self):
        self.process.terminate()
        time.sleep(0.5)


def replica_of(primary, *options):
    return Server("--replicaof", "127.0.0.1", str(primary.port), *options)


def save():
    primary = Server()
    replica = replica_of(primary, "--repl-timeout", "3")
    time.sleep(2)
    for words in [("SET", "a", "1"), ("BGSAVE",), ("CONFIG", "REWRITE"), ("CONFIG", "SET", "maxmemory", "100mb"), ("BGREWRITEAOF",)]:
        primary.tell(*words)
        time.sleep(0.5)
    shutil.rmtree(primary.folder.name, ignore_errors=True)
    primary.tell("BGSAVE")
    time.sleep(1)
    primary.ends()
    time.sleep(6)
    replica.tell("REPLICAOF", "NO", "ONE")
    time.sleep(0.5)
    replica.ends()


def full_disk():
    for options in [("--save", "3600", "1"), ("--appendonly", "yes", "--appendfsync", "everysec")]:
        server = Server("--rdbcompression", "no", *options, small_disk=True)
        for at in range(60):
            server.tell("SET", f"key:{at}", "x" * 50000)
        server.tell("BGSAVE")
        time.sleep(2)
        server.tell("BGREWRITEAOF")
        server.tell("FLUSHALL")
        time.sleep(2)
        server.tell("CONFIG", "SET", "appendonly", "no")
        server.tell("SHUTDOWN", "SAVE")
        server.ends()


def clients():
    server = Server("--client-output-buffer-limit", "pubsub", "100kb", "0", "0", "--maxclients", "4", "--lua-time-limit", "50")
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"SUBSCRIBE quotes\r\n")
        for _ in range(1000):
            server.tell("PUBLISH", "quotes", "x" * 20000)
    for request in (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", b"*1\r\n$999999999999\r\n"):
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            other.sendall(request)
            time.sleep(0.3)
    server.tell("EVAL", '"local a=0 while a<30000000 do a=a+1 end"', "0")
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
    time.sleep(0.5)
    for each in held:
        each.close()
    server.tell("AUTH", "wrong")
    subprocess.run([NAME, "--port", str(server.port), *OPTIONS], stdout=server.log, stderr=subprocess.STDOUT, timeout=5)
    server.tell("CONFIG", "SET", "maxmemory", "1")
    server.tell("SET", "a", "1")
    server.ends()


def link():
    primary = Server("--repl-timeout", "2", "--requirepass", "right")
    stranger = replica_of(primary)
    replica = replica_of(primary, "--repl-timeout", "2", "--masterauth", "right")
    time.sleep(3)
    replica.hang()
    time.sleep(4)
    replica.process.send_signal(signal.SIGCONT)
    time.sleep(3)
    primary.hang()
    time.sleep(4)
    primary.process.send_signal(signal.SIGCONT)
    time.sleep(2)
    for each in (stranger, replica, primary):
        each.ends()
    with open(os.path.join(primary.folder.name, "dump.rdb"), "wb") as dump:
        dump.write(b"REDIS0009\xff broken")
    subprocess.run([NAME, "--port", str(servers.free_port()), "--dir", primary.folder.name, *OPTIONS], stdout=primary.log, stderr=subprocess.STDOUT, timeout=9)


def crash():
    server = Server("--enable-debug-command", "yes") if "6.2" not in NAME else Server()
    server.tell("DEBUG", "SEGFAULT")
    server.process.wait(20)


def sentinel():
    primary = Server()
    replicas = [replica_of(primary) for _ in range(2)]
    time.sleep(2)
    sentinels = []
    for _ in range(3):
        port = servers.free_port()
        path = os.path.join(primary.folder.name, f"{port}.conf")
        with open(path, "w") as config:
            config.write(f"sentinel monitor mymaster 127.0.0.1 {primary.port} 2\nsentinel down-after-milliseconds mymaster 1000\n")
            config.write("sentinel failover-timeout mymaster 4000\n")
        sentinels.append(Server(config=(path, "--sentinel")))
    time.sleep(4)
    sentinels[2].hang()
    time.sleep(4)
    sentinels[2].process.send_signal(signal.SIGCONT)
    time.sleep(33)
    primary.kill()
    time.sleep(8)
    for each in replicas:
        each.kill()
    time.sleep(9)
    sentinels[0].tell("SENTINEL", "FAILOVER", "mymaster")
    time.sleep(1)
    for each in sentinels:
        each.ends()


def cluster():
    nodes = [Server("--cluster-enabled", "yes", "--cluster-node-timeout", "1000") for _ in range(6)]
    addresses = [f"127.0.0.1:{node.port}" for node in nodes]
    command = ["redis-cli", "--cluster", "create", *addresses, "--cluster-replicas", "1", "--cluster-yes"]
    subprocess.run(command, stdout=subprocess.DEVNULL, timeout=60)
    time.sleep(3)
    nodes[0].kill()
    time.sleep(5)
    nodes[1].kill()
    nodes[2].kill()
    time.sleep(5)
    for node in nodes[3:]:
        node.ends()


def main():
    every = {each.__name__: each for each in (save, full_disk, clients, link, crash, sentinel, cluster)}
    only = os.environ.get("SITUATION")
    for situation in [every[only]] if only else every.values():
        Server.all = []
        try:
            situation()
        finally:
            text = ""
            for server in Server.all:
                server.log.seek(0)
                text += server.log.read()
                server.close()
            for at, server in enumerate(Server.all):
                text = text.replace(str(server.port), str(6379 + at)).replace(server.folder.name, "/var/lib/redis")
            sys.stdout.write(text)
            sys.stdout.flush()


main()
