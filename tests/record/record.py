#!/usr/bin/env python3
"""Records what clients of Redis log when Redis is in trouble: real clients, a real redis-server, one file of events.

    tests/record/record.py FOLDER [CLIENT] > recorded.jsonl

FOLDER is what tests/record/prepare.sh FOLDER makes: the clients, each by the package manager of its language. One that is not
there is left out. Each event is {client, situation, form, text}. Ports become 6379 and paths those of a container. What an event
should be named is decided by people, in tests/fixtures/logs/events.jsonl.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from servers import SITUATIONS

HERE = Path(__file__).parent
PYTHON = {
    "redis-py": ["plain", "exception", "json"],
    "redis-py-asyncio": ["plain", "exception"],
    "redis-py-hiredis": ["plain"],
    "django-redis": ["exception"],
    "channels_redis": ["exception"],
    "celery": ["worker", "send"],
    "rq": ["worker"],
}
NODE = {
    "ioredis": ["plain", "pino", "winston", "silent"],
    "node-redis-4": ["plain", "pino"],
    "node-redis-5": ["plain", "winston"],
    "bullmq": ["plain", "worker"],
}
GO = ["go-redis", "redigo", "rueidis"]
JAVA = ["Jedis", "Lettuce", "Redisson"]
RUST = ["redis-rs", "redis-rs-0.27", "redis-rs-async", "redis-rs-manager", "deadpool-redis", "bb8-redis", "r2d2"]
RUBY = ["redis-rb", "redis-rb-pool", "sidekiq-client", "sidekiq"]
PHP = ["phpredis", "phpredis-uncaught", "predis"]


def clean(text, port, folder):
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    text = re.sub(rf"\b{port}\b", "6379", text)
    text = text.replace(str(folder / "venv/lib"), "/usr/lib").replace(str(folder / "node"), "/app")
    text = text.replace(str(HERE), "/app")
    text = re.sub(re.escape(str(Path.home())) + r"/\.pyenv/versions/[^/]+", "/usr", text)
    return text.rstrip()


def run(command, port, password, situation, act, server):
    """Runs a client; it prints READY once it is connected, and goes on when told to."""
    host = "redis-gone" if situation == "unknown_host" else "127.0.0.1"
    client = subprocess.Popen(
        [*command, host, str(port), password, situation],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "RUST_BACKTRACE": "0"},
    )
    lines = []
    try:
        for line in client.stdout:
            if line.strip() == "READY":
                if act:
                    act(server)
                client.stdin.write("GO\n")
                client.stdin.flush()
                continue
            lines.append(line)
            if len(lines) >= 400:
                break
    finally:
        client.kill()
        client.wait()
    return "".join(lines)


def main():
    folder = Path(sys.argv[1]).resolve()
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    clients = [(name, form, [str(folder / "venv/bin/python"), str(HERE / "client.py"), name, form]) for name, forms in PYTHON.items() for form in forms]
    clients += [(name, form, ["timeout", "12", "node", str(HERE / "client.cjs"), str(folder / "node"), name, form]) for name, forms in NODE.items() for form in forms]
    clients += [(name, "log", [str(folder / "go/rec"), name]) for name in GO]
    classes = f"{folder}/java/target/classes:{folder}/java/target/dependency/*"
    clients += [(name, "logback", ["java", "-cp", classes, "Client", name]) for name in JAVA]
    clients += [(name, "tracing", [str(folder / "rust/target/release/rec"), name]) for name in RUST]
    clients += [(name, "logger", ["ruby", str(HERE / "client.rb"), name]) for name in RUBY]
    clients += [(name, "monolog", ["php", str(HERE / "client.php"), name]) for name in PHP]
    for name, form, command in clients:
        if only and only != name:
            continue
        for situation, (make, act) in SITUATIONS.items():
            server = make()
            password = "wrong" if situation == "wrong_password" else ""
            try:
                text = run(["timeout", "15", *command], server.port, password, situation, act, server)
            finally:
                server.close()
            text = clean(text, server.port, folder)
            if text:
                print(json.dumps({"client": name, "situation": situation, "form": form, "text": text}), flush=True)
            print(name, form, situation, len(text.splitlines()), file=sys.stderr)


main()
