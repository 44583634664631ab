"""The least that FastAPI can answer: what the gateway's routes are measured against."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Nothing(BaseModel):
    """An answer that says nothing."""

    status: str = "ok"


@app.get("/noop")
async def noop() -> Nothing:
    """Answer."""
    return Nothing()
