"""Who may look on where a code is set: who has typed it once, or came by the QR code that holds it."""

from __future__ import annotations

import hmac
import json
import math
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from indistack.faces.web.answers import Kept, fault
from indistack.faces.web.patience import Patience

ASKED = "/api/v1/look-on"
"""Where the code is told."""
BODY = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
"""How, for the description."""
HEADER = "x-view-code"
"""In which programs send it."""
PAGES = ("/", "/console")
OPEN = "/static/"
"""What everybody may have: it is the same everywhere."""
KEPT_S = 30 * 86400


class Viewers:
    """Lets those pass who know the code.

    Parameters
    ----------
    app : ASGI application
        What is behind it.
    code : str
        It, of at least a few letters.
    at : tuple of str and int
        Scheme and port, as a browser keeps cookies for all ports of a machine together.
    form : Kept
        The page that asks for the code.
    """

    def __init__(self, app: ASGIApp, code: str, at: tuple[str, int], form: Kept) -> None:
        self._app = app
        self._code = code.encode()
        self._cookie = f"indistack-{at[1]}"
        self._is_safe = at[0] == "https"
        self._form = form
        self._pass = secrets.token_urlsafe(24)
        self._patience = Patience()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http" or scope["path"].startswith(OPEN):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if scope["path"] == ASKED and scope["method"] == "POST":
            answer: Response | None = await self._told(request)
        else:
            answer = self._refusal(request)
        await (answer or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        if self._has_pass(request):
            return None
        if HEADER in request.headers:
            return self._try(request, request.headers[HEADER])
        if request.url.path not in PAGES:
            return fault(401, "the code is needed with which this page is looked at")
        form = self._form.answer(request, "no-store")
        form.status_code = 401
        return form

    def _has_pass(self, request: Request) -> bool:
        try:
            told = SimpleCookie(request.headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return told is not None and hmac.compare_digest(told.value.encode(), self._pass.encode())

    async def _told(self, request: Request) -> Response:
        """Answer a code with a cookie that no script reads and no other page sends."""
        try:
            said = json.loads(await request.body())
            code = said["code"] if isinstance(said["code"], str) else ""
        except (ValueError, RecursionError, TypeError, LookupError):
            return fault(422, "wanted is a code")
        refusal = self._try(request, code)
        if refusal is not None:
            return refusal
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        answer.set_cookie(
            self._cookie, self._pass, max_age=KEPT_S, httponly=True, samesite="strict", secure=self._is_safe
        )
        return answer

    def _try(self, request: Request, code: str) -> Response | None:
        caller = request.client.host if request.client is not None else ""
        wait_s = self._patience.wait_s(caller)
        if wait_s > 0:
            return fault(429, "too many wrong codes: wait a little", **{"retry-after": str(math.ceil(wait_s))})
        if hmac.compare_digest(code.strip().encode(), self._code):
            self._patience.forgive(caller)
            return None
        self._patience.failed(caller)
        return fault(401, "that is not the code")
