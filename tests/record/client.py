"""One client of Redis in Python, driven into one kind of trouble; it logs as an application would."""

import asyncio
import json
import logging
import sys

NAME, FORM, HOST, PORT, PASSWORD, SITUATION = sys.argv[1:7]
PORT = int(PORT)
URL = f"redis://{':' + PASSWORD + '@' if PASSWORD else ''}{HOST}:{PORT}/0"
LIMITS = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3}

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s - %(message)s")
log = logging.getLogger("app")


def ready():
    print("READY", flush=True)
    sys.stdin.readline()


def say(error):
    if FORM == "exception":
        log.exception("could not store the quote")
    elif FORM == "json":
        print(json.dumps({"level": "error", "event": "store failed", "error": str(error), "error_type": type(error).__name__}))
    else:
        log.error("store failed: %s", error)


def sync_client():
    import redis

    if SITUATION == "pool":
        pool = redis.ConnectionPool(host=HOST, port=PORT, max_connections=1)
        held = redis.Redis(connection_pool=pool).pubsub()
        held.subscribe("x")
        return redis.Redis(connection_pool=pool), held
    return redis.Redis(host=HOST, port=PORT, password=PASSWORD or None, retry=None, **LIMITS), None


def redis_py():
    if NAME == "redis-py":
        sys.modules["hiredis"] = None
    client, held = sync_client()
    if SITUATION in ("hung", "killed"):
        client.set("a", 1)
        ready()
    for work in (lambda: client.set("quote:1", "1"), lambda: client.publish("quotes", "1")):
        try:
            work()
        except Exception as error:
            say(error)


async def redis_asyncio():
    import redis.asyncio as redis

    if SITUATION == "pool":
        pool = redis.BlockingConnectionPool(host=HOST, port=PORT, max_connections=1, timeout=0.2)
        client = redis.Redis(connection_pool=pool)
        held = client.pubsub()
        await held.subscribe("x")
    else:
        client = redis.Redis(host=HOST, port=PORT, password=PASSWORD or None, **LIMITS)
    if SITUATION in ("hung", "killed"):
        await client.set("a", 1)
        ready()
    for work in (lambda: client.set("quote:1", "1"), lambda: client.publish("quotes", "1")):
        try:
            await work()
        except Exception as error:
            say(error)


def django_redis():
    from django.conf import settings

    settings.configure(CACHES={"default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": URL, "OPTIONS": {"SOCKET_TIMEOUT": 0.3, "SOCKET_CONNECT_TIMEOUT": 0.3}}})
    from django.core.cache import cache

    if SITUATION in ("hung", "killed"):
        cache.set("a", 1)
        ready()
    try:
        cache.set("quote:1", "1")
    except Exception as error:
        say(error)


async def channels():
    from channels_redis.core import RedisChannelLayer

    layer = RedisChannelLayer(hosts=[{"address": URL, **LIMITS}])
    if SITUATION in ("hung", "killed"):
        await layer.send("a", {"type": "x"})
        ready()
    try:
        await layer.group_send("quotes", {"type": "quote"})
        await layer.send("quotes", {"type": "quote"})
    except Exception as error:
        say(error)


def celery():
    from celery import Celery

    app = Celery("app", broker=URL, backend=URL)
    limits = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3, "retry_policy": {"timeout": 1.0}}
    app.conf.update(broker_transport_options=limits, result_backend_transport_options=limits, broker_connection_max_retries=2,
                    broker_connection_retry_on_startup=True, redis_socket_timeout=0.3, redis_socket_connect_timeout=0.3)
    if FORM == "worker":
        app.worker_main(["worker", "--pool=solo", "--loglevel=INFO"])
        return
    if SITUATION in ("hung", "killed"):
        app.connection().ensure_connection(max_retries=1)
        ready()
    try:
        app.send_task("store", retry=False)
    except Exception:
        log.exception("task was not sent")


def rq():
    import redis
    from rq import Worker

    connection = redis.Redis(host=HOST, port=PORT, password=PASSWORD or None, **LIMITS)
    if SITUATION in ("hung", "killed"):
        connection.ping()
        ready()
    Worker(["default"], connection=connection).work(burst=True)


KINDS = {"redis-py": redis_py, "redis-py-hiredis": redis_py, "redis-py-asyncio": lambda: asyncio.run(redis_asyncio()), "django-redis": django_redis,
         "channels_redis": lambda: asyncio.run(channels()), "celery": celery, "rq": rq}
KINDS[NAME]()
