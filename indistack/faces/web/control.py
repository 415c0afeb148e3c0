"""What changes something: commands to the agent, of those who have the token."""

from __future__ import annotations

import asyncio
import json
import math

from starlette.requests import Request
from starlette.responses import Response

from indistack.commands import Command, parse, tell
from indistack.errors import IndistackError
from indistack.faces.web.answers import fault, told
from indistack.faces.web.token_file import Keys

MOST_AT_ONCE = 4
"""Commands that wait for the agent."""


async def locked(request: Request) -> Response | None:
    """Return why a request may not change anything; None where it may."""
    keys: Keys = request.app.state.keys
    caller = request.client.host if request.client is not None else ""
    wait_s = keys.patience.wait_s(caller)
    if wait_s > 0:
        return fault(429, "too many wrong tokens: wait a little", **{"retry-after": str(math.ceil(wait_s))})
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return fault(401, "a token is needed", **{"www-authenticate": "Bearer"})
    async with request.app.state.at_the_lock:
        is_right = keys.patience.wait_s(caller) == 0 and await asyncio.to_thread(keys.open, token, caller)
    return None if is_right else fault(401, "that is not the token", **{"www-authenticate": "Bearer"})


async def check_key(request: Request) -> Response:
    """Tell whether a token is right."""
    return await locked(request) or told({"said": "the token is right"})


async def command(request: Request) -> Response:
    """Carry a command to the agent, and its answer back."""
    refusal = await locked(request)
    if refusal is not None:
        return refusal
    try:
        meant = parsed(await request.body())
    except (ValueError, RecursionError) as error:
        return fault(422, f"no command: {error}")
    if request.app.state.at_work >= MOST_AT_ONCE:
        return fault(503, "the agent is still busy with other commands", **{"retry-after": "2"})
    request.app.state.at_work += 1
    try:
        return told({"said": await asyncio.to_thread(tell, request.app.state.hub.folder.folder, meant)})
    except IndistackError as error:
        return fault(409, str(error))
    finally:
        request.app.state.at_work -= 1


def parsed(body: bytes) -> Command:
    """Return the command that a body means; raise ValueError or RecursionError where it is none."""
    return parse(json.loads(body))
