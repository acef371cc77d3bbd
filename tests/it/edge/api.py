"""An API as FastAPI makes it, with the histogram of prometheus-fastapi-instrumentator, on the port of the first argument.

It is well while it can log in to the RabbitMQ of the second argument and connect to the database of the third, if they are given.
"""

import asyncio
import socket
import sys

import amqp
import uvicorn
from fastapi import FastAPI, Response
from prometheus_fastapi_instrumentator import Instrumentator

port, broker, database = (sys.argv[1:] + ["", ""])[:3]
app = FastAPI()
Instrumentator().instrument(app).expose(app)


def reach():
    if broker:
        options = {"connect_timeout": 1, "read_timeout": 1, "write_timeout": 1}
        with amqp.Connection(broker, userid="guest", password="guest", **options) as connection:
            connection.connect()
    if database:
        host, at = database.split(":")
        socket.create_connection((host, int(at)), 1).close()


@app.get("/items/{number}")
async def item(number: int):
    return number


@app.get("/report")
async def report():
    await asyncio.sleep(1.1)


@app.get("/health")
def health(response: Response):
    try:
        reach()
    except OSError:
        response.status_code = 503
    return {"status": "healthy" if response.status_code != 503 else "unhealthy"}


uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")
