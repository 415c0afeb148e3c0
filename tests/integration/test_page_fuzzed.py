"""The page's interface, asked for what its description allows, for what it forbids, and for what is no request."""

from __future__ import annotations

import http.client
import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from indistack.faces.web.token_file import write_token
from tests.conftest import wait_until
from tests.integration.web_process import SESSION, WebProcess, publish
from tests.ports import HOST

pytestmark = pytest.mark.slow

TOKEN = "7KQD-2MXA-PV9C"
LEFT_OUT = ("/api/v1/events", "/api/v1/doctor", "/api/v1/simulator")
"""A stream that does not end, the examination of this machine, and what starts a server."""
BRIEF = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip
FEW = settings(BRIEF, max_examples=8, phases=[Phase.generate])
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance",
]  # fmt: skip
GIVEN = {"authorization": f"Bearer {TOKEN}"}

PARTS = st.one_of(
    st.text(max_size=40),
    st.integers().map(str),
    st.sampled_from(
        ["..", ".", "", "%00", "..%2f..%2fetc%2fpasswd", "\\..\\", "0" * 4000, "nan", "-1", "1e9", "\u202e"]
    ),
)


class Described:
    """A page and what it says of itself."""

    def __init__(self, page: WebProcess) -> None:
        self.page = page
        self.paths: dict[str, Any] = page.told("/api/v1/openapi.json")["paths"]
        self.read = sorted(path for path, does in self.paths.items() if "get" in does and path not in LEFT_OUT)
        self.changed = sorted(path for path, does in self.paths.items() if "post" in does and path not in LEFT_OUT)

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
@given(
    said=st.binary(max_size=60) | st.sampled_from([b"", b"[" * 9000, b"1e999", b'{"command": NaN}', b"\xff\xfe{}"]),
    part=PARTS,
)
def test_whatever_is_sent_is_answered_as_described(described: Described, said: bytes, part: str) -> None:
    for path in described.changed:
        described.check(path, re.sub(r"\{\w+\}", lambda _: urllib.parse.quote(part, safe=""), path), "POST", said)


def test_the_description_holds_whether_one_keeps_to_it_or_not(described: Described) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    requests = pytest.importorskip("requests", reason="requests is not installed")
    schemathesis.checks.load_all_checks()
    known = schemathesis.checks.CHECKS.get_by_names(CHECKS)
    schema = schemathesis.openapi.from_dict(described.page.told("/api/v1/openapi.json"))
    operations = [result.ok() for result in schema.get_all_operations() if result.ok().path not in LEFT_OUT]
    assert len(operations) == len(described.read) + len(described.changed)
    as_allowed, as_forbidden = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    for operation in operations:
        ways: list[dict[str, Any]] = [{"generation_mode": as_allowed}]
        if operation.body or operation.query:  # of a name in a path every text is one
            ways.append({"generation_mode": as_forbidden})
        if "{session}" in operation.path and operation.method == "get":
            ways.append({"path_parameters": {"session": SESSION}})
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between
            for way in ways:
                _ask(described.page, session, operation.as_strategy(**way), known)


def _ask(page: WebProcess, session: Any, cases: st.SearchStrategy[Any], checks: list[Any]) -> None:
    @FEW
    @given(case=cases)
    def ask(case: Any) -> None:
        case.call_and_validate(page.address, session, headers=GIVEN, checks=checks, timeout=60)

    ask()
