"""Applications with real connection pools, on the server of the URL in the argument.

Prints one line of JSON when all of them are at work, and one for each line of input: what the application itself knows of
its pools. An input of SECONDS asks who was used since that time of this clock.
"""

import asyncio
import json
import sys
import threading
import time

import django
import redis
from channels_redis.core import RedisChannelLayer
from django.conf import settings

URL = sys.argv[1]
NAMES = {}
USES = {}


class Counting(redis.ConnectionPool):
    """A pool that remembers when each connection was last taken, and given back."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.uses = {}
        self.made = 0
        NAMES[self.connection_kwargs["client_name"]] = self

    def make_connection(self):
        connection = super().make_connection()
        self.made += 1
        return connection

    def get_connection(self, *args, **kwargs):
        taken = time.monotonic()
        connection = super().get_connection(*args, **kwargs)
        connection.taken = taken
        return connection

    def release(self, connection):
        self.uses[id(connection)] = (connection.taken, time.monotonic())
        super().release(connection)

    def look(self, since):
        uses = list(self.uses.values())
        return {
            "open": self.made,
            # At least those whose whole use lies behind that time, at most those whose end does.
            "at_least": sum(taken >= since for taken, _ in uses),
            "at_most": sum(given >= since for _, given in uses) + len(self._in_use_connections),
        }


# Django imports the pool by its name.
sys.modules["applications"] = sys.modules["__main__"]


def pool(name, most, database=1):
    # Some wait without an end.
    return Counting.from_url(f"{URL}/{database}?client_name={name}", max_connections=most, socket_timeout=None)


def fill(pool, number):
    """Opens so many connections, as a peak does: the pool never closes them."""
    for connection in [pool.get_connection() for _ in range(number)]:
        pool.release(connection)


def keep(what, pause, times):
    """Does it again and again, in so many threads; returns when each has done it once."""
    done = threading.Barrier(times + 1)

    def work():
        what()
        done.wait()
        while True:
            time.sleep(pause)
            what()

    for _ in range(times):
        threading.Thread(target=work, daemon=True).start()
    done.wait()


def leak():
    """All connections are taken, and nothing runs on them."""
    leaking = pool("leak", 50)
    held = [leaking.get_connection() for _ in range(50)]
    for connection in held:
        connection.send_command("PING")
        connection.read_response()
    try:
        leaking.get_connection()
    except redis.ConnectionError as error:
        return held, str(error)
    raise AssertionError("a fifty-first connection")


def site():
    """A Django site with its cache in Redis, and no code for names."""
    settings.configure(
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": f"{URL}/2?client_name=django",
                "OPTIONS": {
                    "CONNECTION_POOL_CLASS": "applications.Counting",
                    "CONNECTION_POOL_KWARGS": {"max_connections": 50},
                },
            }
        }
    )
    django.setup()
    from django.core.cache import cache

    def visit():
        cache.set("key", 1)
        cache.get("key")

    visit()
    fill(NAMES["django"], 42)
    keep(visit, 0.05, 42)


def channels():
    """A channel layer that waits for messages."""
    layer = RedisChannelLayer(hosts=[f"{URL}/3?client_name=channels&socket_timeout=60"])
    started = threading.Event()

    async def listen():
        await layer.group_add("news", await layer.new_channel())
        await layer.group_send("news", {"type": "x"})
        started.set()
        await layer.receive(await layer.new_channel())

    threading.Thread(target=lambda: asyncio.run(listen()), daemon=True).start()
    started.wait()


held, refused = leak()
light = redis.Redis(connection_pool=pool("light", 50))
fill(light.connection_pool, 48)
keep(lambda: light.get("key"), 0.05, 48)
beats = pool("beat", 10)


def beat():
    for connection in [beats.get_connection() for _ in range(10)]:
        connection.send_command("PING")
        connection.read_response()
        beats.release(connection)


keep(beat, 0.5, 1)
waiting = redis.Redis(connection_pool=pool("blocked", 50))
for number in range(47):
    threading.Thread(target=lambda: waiting.blpop("nothing", 0), daemon=True).start()
while len(NAMES["blocked"]._in_use_connections) < 47 or light.info("clients")["blocked_clients"] < 47:
    time.sleep(0.01)
site()
channels()


def look(since):
    pools = {name: pool.look(since) for name, pool in NAMES.items()}
    return json.dumps({"now": time.monotonic(), "refused": refused, "pools": pools})


print(look(0), flush=True)
for line in sys.stdin:
    print(look(float(line)), flush=True)
