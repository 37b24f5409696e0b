"""``python -m benchmarks.load.echo PORT``: what any endpoint in FastAPI costs at least."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

from serve.decisions.request import DecisionRequest

app = FastAPI()


@app.post("/echo")
async def echo(request: DecisionRequest) -> DecisionRequest:
    """The request, checked, and written again."""
    return request


@app.get("/health/live")
def live() -> None:
    """It runs."""


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
