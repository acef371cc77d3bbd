"""Jobs of real libraries, on the server of the URL in the first argument; the second says what is done.

put puts jobs into queues and ends; the workers work until they are ended.
"""

import asyncio
import sys

import redis
from celery import Celery
from channels_redis.core import RedisChannelLayer
from rq import Queue, SimpleWorker

URL = sys.argv[1] if len(sys.argv) > 2 else "redis://"

app = Celery("jobs", broker=f"{URL}/1")
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={"priority_steps": [0, 3, 6, 9]},
    task_acks_late=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="hold")
def hold():
    """Works until somebody lets it go."""
    redis.Redis.from_url(f"{URL}/15").blpop("release")


@app.task(name="work")
def work():
    """Is soon done."""


def celery():
    """Eleven jobs: a worker would take them from the list of the next lower step."""
    for priority in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]:
        work.apply_async(priority=priority)
    hold.apply_async(queue="mail")


def celery_worker():
    app.worker_main(["worker", "--pool", "solo", "--queues", "mail", "--loglevel", "error"])


def fail():
    raise ValueError("as it should")


def rq():
    connection = redis.Redis.from_url(f"{URL}/2")
    failing = Queue("mail", connection=connection)
    failing.enqueue("jobs.fail")
    SimpleWorker([failing], connection=connection).work(burst=True, logging_level="CRITICAL")
    queue = Queue("default", connection=connection)
    jobs = [queue.enqueue("jobs.fail") for _ in range(4)]
    # As if it had waited for an hour.
    connection.hset(jobs[0].key, "enqueued_at", sys.argv[3])


def rq_worker():
    connection = redis.Redis.from_url(f"{URL}/2")
    worker = SimpleWorker([Queue("mail", connection=connection)], connection=connection)
    worker.work(logging_level="CRITICAL")


async def channels():
    capacities = {"chat.*": 20, "notifications.*": 5}
    layer = RedisChannelLayer(hosts=[f"{URL}/3"], capacity=15, channel_capacity=capacities, expiry=600)
    for _ in range(3):
        await layer.send("thumbnails", {"type": "make"})
    # Two clients of this process have one queue, at which they are told apart.
    for _ in range(2):
        await layer.group_add("lobby", await layer.new_channel())
    await layer.group_add("lobby", await layer.new_channel("notifications"))
    for _ in range(7):
        await layer.group_send("lobby", {"type": "hello"})
    await layer.group_add("quiet", await layer.new_channel("chat"))


def put():
    celery()
    rq()
    asyncio.run(channels())


if __name__ == "__main__":
    {"put": put, "celery-worker": celery_worker, "rq-worker": rq_worker}[sys.argv[2]]()
