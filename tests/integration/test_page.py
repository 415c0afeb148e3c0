"""The page's interface, asked over HTTP as phones and programs do, and as who means harm."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.agent.mailbox import Mailbox, reply
from indistack.commands import COMMANDS, LIVE, Answer, Pause
from indistack.faces.web.app import ROUTES
from indistack.faces.web.patience import FREE_TRIES
from indistack.faces.web.token_file import write_token
from indistack.store.folder_lock import only_one
from indistack.store.wanted import OWN_STRETCH, is_wanted
from tests.conftest import wait_until
from tests.integration.web_process import SESSION, WebProcess, publish
from tests.ports import HOST

TOKEN = "7KQD-2MXA-PV9C"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "out"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def page(output: Path) -> Iterator[WebProcess]:
    """Give a page that many tests ask; each publishes what it needs."""
    publish(output, 1)
    yield from served(output)


@pytest.fixture
def own_page(tmp_path: Path) -> Iterator[WebProcess]:
    """Give a page that a test may ruin."""
    folder = tmp_path / "out"
    folder.mkdir()
    publish(folder, 1)
    yield from served(folder)


def served(folder: Path) -> Iterator[WebProcess]:
    process = WebProcess(folder, wait_until)
    yield process
    process.process.kill()
    process.process.wait()


def await_subs(page: WebProcess, n_subs: int) -> dict[str, Any]:
    """Return the state that tells of a picture of so many subs."""
    found: dict[str, Any] = {}

    def is_there() -> bool:
        found.update(page.told("/api/v1/status"))
        return bool(found["pictures"]) and found["pictures"][-1]["n_subs"] == found["n_subs"] == n_subs

    wait_until(is_there, 60)
    return found


def body(answer: Any) -> bytes:
    found: bytes = answer.data
    return found


def test_status_and_pictures_carry_the_same_numbers(own_page: WebProcess) -> None:
    page, output = own_page, own_page.folder
    await_subs(page, 1)
    publish(output, 4)
    told = await_subs(page, 4)
    assert (told["target"], told["agent"], told["exposure_s"]) == ("M 27", "stopped", 40.0)
    assert [each["n_subs"] for each in told["pictures"]] == [1, 4]
    newest = page.ask(told["pictures"][-1]["address"])
    assert body(newest) == (output / "stack.jpg").read_bytes()
    assert newest.headers["content-type"] == "image/jpeg"
    assert "immutable" in newest.headers["cache-control"]
    assert page.ask(told["pictures"][-1]["address"], if_none_match=newest.headers["etag"]).status == 304
    assert body(page.ask(told["pictures"][0]["address"])) != body(newest)


def test_the_whole_picture_is_of_its_version_only(page: WebProcess, output: Path) -> None:
    address = page.told("/api/v1/status")["whole"]["address"]
    assert body(page.ask(address)) == (output / "stack.jpg").read_bytes()
    publish(output, 2)
    assert page.ask(address).status == 404
    wait_until(lambda: page.told("/api/v1/status")["whole"]["address"] != address, 60)


def test_tiles_of_the_whole_picture_never_change(own_page: WebProcess) -> None:
    publish(own_page.folder, 2, side_px=600)
    whole = await_subs(own_page, 2)["whole"]
    assert (whole["width"], whole["height"]) == (900, 600)
    across, down = (-(-size // step) for size, step in zip((900, 600), whole["tile"], strict=True))
    for place in ("0-0", f"{across - 1}-{down - 1}"):
        answer = own_page.ask(f"{whole['tiles']}{place}.jpg")
        assert (answer.status, answer.headers["content-type"], body(answer)[:2]) == (200, "image/jpeg", b"\xff\xd8")
        assert "immutable" in answer.headers["cache-control"]
        assert own_page.ask(f"{whole['tiles']}{place}.jpg", if_none_match=answer.headers["etag"]).status == 304
    before = body(own_page.ask(f"{whole['tiles']}0-0.jpg"))
    publish(own_page.folder, 3, side_px=600)
    await_subs(own_page, 3)
    assert body(own_page.ask(f"{whole['tiles']}0-0.jpg")) == before
    for place in (f"{across}-0", "99999-0", "9" * 5000 + "-0", "-1-0", "0-0.png", "a-b", "..%2f..%2fstatus"):
        assert own_page.ask(f"{whole['tiles']}{place}.jpg").status == 404, place


def test_published_files_are_sent_as_they_are(page: WebProcess, output: Path) -> None:
    (output / "stack.fits").write_bytes(b"SIMPLE" * 200_000)
    answer = page.ask("/api/v1/stack.fits")
    assert body(answer) == b"SIMPLE" * 200_000
    assert 'filename="stack.fits"' in answer.headers["content-disposition"]
    assert page.ask("/api/v1/stack.fits", if_none_match=answer.headers["etag"]).status == 304
    head = page.ask("/api/v1/stack.fits", "HEAD")
    assert (head.status, head.headers["content-length"], body(head)) == (200, "1200000", b"")
    assert page.ask("/api/v1/stack.png").status == 404


def test_the_picture_for_an_own_stretch_is_made_while_somebody_asks(own_page: WebProcess) -> None:
    output = own_page.folder
    assert not is_wanted(output, OWN_STRETCH)
    assert own_page.ask("/api/v1/own-stretch").status == 404
    assert is_wanted(output, OWN_STRETCH)
    assert own_page.told("/api/v1/status")["own"] == ""
    (output / OWN_STRETCH).write_bytes(b"JPEG")
    wait_until(lambda: bool(own_page.told("/api/v1/status")["own"]), 60)
    answer = own_page.ask("/api/v1/own-stretch")
    assert (body(answer), answer.headers["etag"].strip('"')) == (b"JPEG", own_page.told("/api/v1/status")["own"])
    assert own_page.ask("/api/v1/own-stretch", if_none_match=answer.headers["etag"]).status == 304


def test_subs_are_told_with_their_reasons(page: WebProcess, output: Path) -> None:
    refused = {"number": 3, "outcome": "refused", "reason": "clouds", "detail": "transparency: 0.2"}
    publish(output, 2, lines=[refused])
    wait_until(lambda: len(page.told("/api/v1/subs")["subs"]) == 3, 60)
    assert page.told("/api/v1/subs?after=2")["subs"] == [{**refused, "fate": ""}]
    assert len(page.told("/api/v1/subs?limit=1")["subs"]) == 1
    assert page.ask("/api/v1/subs?after=x").status == 422


def test_the_page_and_all_that_it_loads_is_there(page: WebProcess) -> None:
    for path in ("/", "/static/page.css", "/static/audience.js", "/static/lang/de.json", "/static/icon.svg"):
        answer = page.ask(path, accept_encoding="gzip")
        assert answer.status == 200, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["content-encoding"] == "gzip"
        assert page.ask(path, if_none_match=answer.headers["etag"]).status == 304
    assert b"<html" in body(page.ask("/"))


def test_the_qr_code_leads_to_where_the_request_came_in(page: WebProcess) -> None:
    assert body(page.ask("/api/v1/qr.svg")).startswith(b"<svg")
    told = page.told("/api/v1/invitation")
    assert told == {"link": f"{page.address}/", "name": "", "open": False}


class Stream:
    """An open stream of events."""

    def __init__(self, page: WebProcess) -> None:
        self.socket = socket.create_connection((HOST, page.port), timeout=60)
        self.socket.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.file = self.socket.makefile("rb")

    def states(self) -> Iterator[dict[str, Any]]:
        for line in self.file:
            if line.startswith(b"data: {") and b'"number"' in line:
                yield json.loads(line[6:])

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def test_a_change_reaches_every_page_that_listens(page: WebProcess, output: Path) -> None:
    streams = [Stream(page) for _ in range(3)]
    for stream in streams:
        assert next(stream.states())["n_subs"] != 9
    publish(output, 9)
    for stream in streams:
        assert next(state for state in stream.states() if state["n_subs"] == 9)["pictures"][-1]["n_subs"] == 9
        stream.close()


def test_without_the_token_nothing_can_be_changed(page: WebProcess, output: Path) -> None:
    pause = {"command": "pause"}
    for headers in (
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": f"Bearer {TOKEN}"},
    ):
        assert page.ask("/api/v1/commands", "POST", pause, **headers).status == 401
    write_token(output, TOKEN)
    assert page.ask("/api/v1/commands", "POST", pause).status == 401
    assert page.ask("/api/v1/commands?token=" + TOKEN, "POST", pause).status == 401
    assert page.ask("/api/v1/key", "POST", {}, authorization=f"Bearer {TOKEN}").status == 200
    assert not list((output / "commands").glob("*"))


def test_who_guesses_tokens_has_to_wait_even_with_the_right_one(own_page: WebProcess) -> None:
    write_token(own_page.folder, TOKEN)
    statuses = [own_page.ask("/api/v1/key", "POST", {}, authorization="Bearer X").status for _ in range(FREE_TRIES + 1)]
    assert statuses == [401] * FREE_TRIES + [429]
    refused = own_page.ask("/api/v1/key", "POST", {}, authorization=f"Bearer {TOKEN}")
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) >= 1


def test_a_command_reaches_the_agent_and_its_answer_comes_back(page: WebProcess, output: Path) -> None:
    write_token(output, TOKEN)
    key = {"authorization": f"Bearer {TOKEN}"}
    nobody = page.ask("/api/v1/commands", "POST", {"command": "pause"}, **key)
    assert (nobody.status, "no agent" in json.loads(body(nobody))["fault"]) == (409, True)
    over, taken = threading.Event(), []

    def agent() -> None:
        with only_one(output):
            ready.set()
            while not over.wait(0.02):
                for request in Mailbox(output).collect():
                    taken.append(request.command)
                    reply(request.answer, Answer(said="paused, as told"))

    ready = threading.Event()
    thread = threading.Thread(target=agent)
    thread.start()
    ready.wait(60)
    answer = page.ask("/api/v1/commands", "POST", {"command": "pause"}, **key)
    over.set()
    thread.join()
    assert (answer.status, json.loads(body(answer))) == (200, {"said": "paused, as told"})
    assert taken == [Pause()]


@pytest.mark.parametrize(
    "said", [[], "pause", 3, None, {}, {"command": "rm"}, {"command": ["pause"]}, {"command": "remove"}]
)
def test_what_is_no_command_is_refused_in_words(page: WebProcess, output: Path, said: object) -> None:
    write_token(output, TOKEN)
    answer = page.ask("/api/v1/commands", "POST", [said] if said is None else said, authorization=f"Bearer {TOKEN}")
    assert answer.status == 422
    assert json.loads(body(answer))["fault"]


WAYS = [
    "/static/../../../secret.txt", "/static/..%2f..%2fsecret.txt", "/static/%2e%2e/secret.txt", "/static//etc/passwd",
    "/../secret.txt", "/api/v1/pictures/..%2f..%2fsecret.txt", "/api/v1/whole/../status.json", "/api/v1/whole/%00",
    "/api/v1/stack.fits/../../secret.txt", "/status.json", "/page-token.json", "/api/v1/pictures/page-token.json",
    "/static/lang/../../app.py", "/%c0%ae%c0%ae/secret.txt", "//secret.txt", "/static/" + "a" * 5000, "/\u00c3",
]  # fmt: skip


def test_no_path_leads_out(page: WebProcess, output: Path) -> None:
    (output.parent / "secret.txt").write_text("a secret")
    (output / "secret.txt").write_text("a secret")
    for way in WAYS:
        answer = page.raw(f"GET {way} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin1"))
        assert b" 404 " in answer[:20] or b" 400 " in answer[:20], (way, answer[:200])
        assert b"a secret" not in answer


MALFORMED = [
    b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"A" * 100_000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n",
    b"POST /api/v1/key HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    b"POST /api/v1/key HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
]  # fmt: skip


def test_what_is_malformed_is_refused_and_harms_nobody(page: WebProcess) -> None:
    for sent in MALFORMED:
        try:
            answer = page.raw(sent)
        except ConnectionError:
            answer = b""
        assert answer == b"" or answer[9:10] == b"4", (sent[:60], answer[:100])
    assert page.ask("/api/v1/status").status == 200


def test_others_are_refused_by_name_and_by_page(page: WebProcess) -> None:
    assert page.ask("/api/v1/status", host="evil.example").status == 421
    assert page.ask("/api/v1/status", host="evil.example", origin="http://evil.example").status == 421
    assert page.ask("/api/v1/status", origin="http://evil.example").status == 403


def test_the_interface_describes_itself_truly(page: WebProcess, output: Path) -> None:
    described = page.told("/api/v1/openapi.json")
    assert described["openapi"].startswith("3.")
    (output / "stack.fits").write_bytes(b"SIMPLE")
    (output / "stack.png").write_bytes(b"PNG")
    for suffix in (".fits", ".png"):
        (output / f"merged{suffix}").write_bytes(b"MERGED")
    (output / OWN_STRETCH).write_bytes(b"JPEG")
    state = page.told("/api/v1/status")
    versions = {"pictures": state["pictures"][-1]["address"], "whole": state["whole"]["address"]}
    versions["tiles"] = f"{state['whole']['tiles']}0-0.jpg"
    for path, does in described["paths"].items():
        if "{session}" in path or "get" not in does or path.endswith("/events"):
            continue
        asked = versions[path.split("/")[3]] if "{version}" in path else path
        answer = page.ask(asked)
        assert answer.status == (401 if "security" in does["get"] else 200), path
        if "security" in does["get"]:
            continue
        media = next(iter(does["get"]["responses"]["200"]["content"]))
        assert answer.headers["content-type"].startswith(media), path


def test_every_address_and_method_is_described(page: WebProcess) -> None:
    paths = page.told("/api/v1/openapi.json")["paths"]
    described = {(path, method.upper()) for path, does in paths.items() for method in does}
    served = {("/api/v1/look-on", "POST")}  # where a code is set
    for route in ROUTES:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path).replace("{place}", "{column}-{row}.jpg")
        served |= {(path, method) for method in (route.methods or set()) - {"HEAD"} if path.startswith("/api/")}
    assert described == served


def test_files_of_sessions_are_given_and_nothing_else(page: WebProcess, output: Path) -> None:
    publish(output, 3)
    folder, at = output / "sessions" / SESSION, f"/api/v1/sessions/{SESSION}"
    for name, data in {"previews/000002.jpg": b"SMALL", "subs/000002.fits": b"RAW", "subs/000002.json": b"{}"}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "report.html").write_text("<style></style>")
    (told,) = page.told("/api/v1/sessions")["sessions"]
    assert told["files"].keys() == {"ledger.jsonl", "report.html"}
    preview = page.ask(f"{at}/subs/2/preview")
    assert (body(preview), preview.headers["content-type"]) == (b"SMALL", "image/jpeg")
    assert page.ask(f"{at}/subs/9/preview").status == 404
    report = page.ask(f"{at}/files/report.html")
    assert report.status == 200
    assert "sandbox" in report.headers["content-security-policy"]
    saved = page.ask(f"{at}/files/ledger.jsonl").headers["content-disposition"]
    assert saved == f'attachment; filename="{SESSION}-ledger.jsonl"'
    for other in ("settings.toml", "subs", "..%2Fstatus.json", "%2e%2e", "ledger.jsonl%00"):
        assert page.ask(f"{at}/files/{other}").status in (404, 422), other
    assert page.ask("/api/v1/sessions/..%2F../files/status.json").status == 404


def test_a_raw_sub_and_programs_are_for_those_who_have_the_token(page: WebProcess, output: Path) -> None:
    write_token(output, TOKEN)
    publish(output, 3)
    (output / "sessions" / SESSION / "subs").mkdir(exist_ok=True)
    (output / "sessions" / SESSION / "subs" / "000001.fits").write_bytes(b"RAW")
    at, key = f"/api/v1/sessions/{SESSION}", {"authorization": f"Bearer {TOKEN}"}
    assert page.ask(f"{at}/subs/1/raw").status == 401
    raw = page.ask(f"{at}/subs/1/raw", **key)
    assert (body(raw), raw.headers["content-disposition"]) == (b"RAW", 'attachment; filename="000001.fits"')
    assert page.ask(f"{at}/subs/9/raw", **key).status == 404
    for path in (f"{at}/report", "/api/v1/doctor"):
        assert page.ask(path, "POST", {}).status == 401
    assert page.ask(f"{at[:-1]}9/report", "POST", {}, **key).status == 404


@pytest.mark.slow
def test_the_machine_is_examined_by_a_program_of_its_own(page: WebProcess, output: Path) -> None:
    write_token(output, TOKEN)
    told = json.loads(body(page.ask("/api/v1/doctor", "POST", {}, authorization=f"Bearer {TOKEN}")))
    assert "Python" in told["said"]
    assert "memory" in told["said"]


def test_commands_and_settings_are_told_as_the_agent_knows_them(page: WebProcess) -> None:
    told = page.told("/api/v1/commands")
    assert [each["command"] for each in told["commands"]] == list(COMMANDS)
    assert len(told["schema"]["oneOf"]) == len(COMMANDS)
    assert [each["name"] for each in page.told("/api/v1/settings")["settings"]] == list(LIVE)


def test_metrics_are_as_prometheus_reads_them(page: WebProcess, output: Path) -> None:
    publish(output, 6)
    await_subs(page, 6)
    lines = body(page.ask("/api/v1/metrics")).decode().splitlines()
    numbers = dict(line.split(" ") for line in lines if not line.startswith("#"))
    assert (numbers["indistack_subs_stacked"], numbers["indistack_exposure_seconds"]) == ("6", "60")
    assert numbers["indistack_up"] == "0"
    assert all(f"# TYPE {name} gauge" in lines for name in numbers)
    parser = pytest.importorskip("prometheus_client.parser", reason="prometheus-client is not installed")
    families = list(parser.text_string_to_metric_families("\n".join(lines) + "\n"))
    assert {family.name for family in families} == set(numbers)
    assert all(family.documentation and len(family.samples) == 1 for family in families)


@pytest.mark.slow
def test_a_thousand_connections_are_bounded_and_let_go(own_page: WebProcess) -> None:
    held = []
    for _ in range(1000):
        try:
            held.append(socket.create_connection((HOST, own_page.port), timeout=60))
        except OSError:
            break
    memory = int(Path(f"/proc/{own_page.process.pid}/statm").read_text().split()[1]) * 4096
    assert memory < 200e6
    for each in held:
        each.close()
    wait_until(lambda: own_page.ask("/api/v1/status").status == 200, 60)


@pytest.mark.slow
def test_who_connects_and_asks_nothing_is_let_go(page: WebProcess) -> None:
    for begun in (b"", b"GET / HTTP/1.1\r\nHost: loc"):
        with socket.create_connection((HOST, page.port), timeout=60) as connection:
            connection.sendall(begun)
            assert connection.recv(100) == b""


def test_one_folder_has_one_page(page: WebProcess, output: Path) -> None:
    other = page.start()
    assert other.wait(60) == 1
    assert "served already" in page.log.read_text()


def test_it_ends_at_once_when_told_to_although_pages_are_open(own_page: WebProcess) -> None:
    stream = Stream(own_page)
    next(stream.states())
    assert own_page.end() == 0
    assert "error" not in own_page.log.read_text()
    stream.close()
