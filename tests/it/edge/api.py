"""An API as FastAPI makes it, with the histogram of prometheus-fastapi-instrumentator, on the port of the first argument."""

import asyncio
import sys

import uvicorn
from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

app = FastAPI()
Instrumentator().instrument(app).expose(app)


@app.get("/items/{number}")
async def item(number: int):
    return number


@app.get("/report")
async def report():
    await asyncio.sleep(1.1)


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
