#!/usr/bin/env python3
"""Records what servers log of themselves in trouble and at rest: tests/record/servers_log.py SERVER [OPTION...] > lines.

SERVER is redis-server, valkey-server or keydb-server; OPTION goes to it, as --log-format logfmt. A save fails, a primary is away,
a replica comes and goes, a client reads too slowly. Which lines mean trouble is decided by people, in
tests/fixtures/logs/events.jsonl.
"""

import os
import shutil
import sys
import time

import servers


def command(server, *words, quietly=True):
    try:
        return server.command(*words)
    except OSError:
        if not quietly:
            raise


def main():
    name, options = sys.argv[1], sys.argv[2:]
    primary = servers.Redis(*options, server=name)
    replica = servers.Redis("--replicaof", "127.0.0.1", str(primary.port), "--repl-timeout", "3", *options, server=name)
    time.sleep(2)
    for words in [("SET", "a", "1"), ("BGSAVE",), ("CONFIG", "REWRITE"), ("CONFIG", "SET", "maxmemory", "100mb"), ("BGREWRITEAOF",)]:
        command(primary, *words)
        time.sleep(0.5)
    shutil.rmtree(primary.folder.name, ignore_errors=True)
    command(primary, "BGSAVE")
    time.sleep(1)
    primary.process.terminate()
    time.sleep(6)
    command(replica, "REPLICAOF", "NO", "ONE")
    command(replica, "DEBUG", "SLEEP", "0")
    time.sleep(0.5)
    replica.process.terminate()
    time.sleep(0.5)
    for server in (primary, replica):
        server.log.seek(0)
        sys.stdout.write(server.log.read().replace(str(primary.port), "6379").replace(str(replica.port), "6380"))
        server.close()


main()
