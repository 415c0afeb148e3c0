"""The page's interface, asked for what its own description allows and for much that it does not."""

from __future__ import annotations

import http.client
import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indistack.commands import COMMANDS
from indistack.faces.web.token_file import write_token
from tests.conftest import wait_until
from tests.integration.web_process import WebProcess, publish
from tests.ports import HOST

pytestmark = pytest.mark.slow

TOKEN = "7KQD-2MXA-PV9C"
SLOW = "/api/v1/doctor"
"""It examines the machine, whatever is sent."""
BRIEF = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip

PARTS = st.one_of(
    st.text(max_size=40),
    st.integers().map(str),
    st.sampled_from(
        ["..", ".", "", "%00", "..%2f..%2fetc%2fpasswd", "\\..\\", "0" * 4000, "nan", "-1", "1e9", "\u202e"]
    ),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
COMMAND = st.fixed_dictionaries(
    {"command": st.sampled_from(list(COMMANDS)) | VALUES}, optional={"name": VALUES, "value": VALUES, "sub": VALUES}
)


class Described:
    """A page and what it says of itself."""

    def __init__(self, page: WebProcess) -> None:
        self.page = page
        self.paths: dict[str, Any] = page.told("/api/v1/openapi.json")["paths"]
        self.read = sorted(path for path, does in self.paths.items() if "get" in does and not path.endswith("/events"))
        self.changed = sorted(path for path, does in self.paths.items() if "post" in does and path != SLOW)

    def check(self, path: str, asked: str, method: str, body: bytes | None = None) -> None:
        """Ask; the status must be one that is described, and an answer in words where it is a refusal."""
        connection = http.client.HTTPConnection(HOST, self.page.port, timeout=60)
        headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"} if method == "POST" else {}
        connection.request(method, asked, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        described = {int(status) for status in self.paths[path][method.lower()]["responses"]} | {404}
        assert answer.status in described, (asked, body, answer.status, data[:200])
        if answer.status >= 400:
            assert json.loads(data)["fault"]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder = tmp_path_factory.mktemp("fuzzed") / "out"
    folder.mkdir()
    publish(folder, 3)
    write_token(folder, TOKEN)
    page = WebProcess(folder, wait_until)
    yield Described(page)
    page.process.kill()
    page.process.wait()


QUERY = st.dictionaries(st.sampled_from(["after", "limit", "save", "lang"]), PARTS, min_size=1, max_size=3)


@BRIEF
@given(part=PARTS, query=QUERY, safe=st.sampled_from(["", "%"]))
def test_whatever_is_read_is_answered_as_described(
    described: Described, part: str, query: dict[str, str], safe: str
) -> None:
    for path in described.read:
        asked = re.sub(r"\{\w+\}", lambda _: urllib.parse.quote(part, safe=safe), path)
        described.check(path, f"{asked}?{urllib.parse.urlencode(query)}", "GET")


@BRIEF
@given(said=COMMAND | VALUES | st.binary(max_size=60), part=PARTS)
def test_whatever_is_sent_is_answered_as_described(described: Described, said: object, part: str) -> None:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    for path in described.changed:
        described.check(path, re.sub(r"\{\w+\}", lambda _: urllib.parse.quote(part, safe=""), path), "POST", body)
