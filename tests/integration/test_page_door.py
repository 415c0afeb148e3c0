"""The page where a code is needed to look on, and where it is encrypted."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indistack.faces.web.patience import FREE_TRIES
from tests.conftest import wait_until
from tests.integration.browser import Tab, chromium
from tests.integration.web_process import ROOT, WebProcess, publish
from tests.ports import HOST

CODE = "orion 42"
ASKED = "/api/v1/look-on"


def served(tmp_path: Path, *settings: str) -> Iterator[WebProcess]:
    folder = tmp_path / "out"
    folder.mkdir()
    publish(folder, 1)
    page = WebProcess(folder, wait_until, *settings)
    yield page
    page.process.kill()
    page.process.wait()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[WebProcess]:
    """Give a page that is looked at with a code."""
    yield from served(tmp_path, f"web.code={CODE}")


def test_without_the_code_nothing_of_the_night_is_seen(guarded: WebProcess) -> None:
    for path in ("/api/v1/status", "/api/v1/stack.jpg", "/api/v1/events", "/api/v1/qr.svg", "/api/v1/invitation",
                 "/api/v1/openapi.json", "/api/v1/metrics", "/api/v1/pictures/1-1", "/nowhere"):  # fmt: skip
        for more in ({}, {"cookie": "indistack-7680=x; a=b"}, {"cookie": '"'}, {"x-view-code": "no"}):
            refused = guarded.ask(path, **more)
            assert refused.status in (401, 429), path
            assert CODE not in refused.data.decode()  # type: ignore[attr-defined]
    for path in ("/", "/console"):
        form = guarded.ask(path)
        assert (form.status, b"code.js" in form.data, b"audience.js" in form.data) == (401, True, False)  # type: ignore[attr-defined]
    assert guarded.ask("/static/code.js").status == 200
    assert CODE not in guarded.log.read_text()


def test_the_code_is_told_once_and_a_cookie_stands_for_it(guarded: WebProcess) -> None:
    told = guarded.ask(ASKED, "POST", {"code": f" {CODE} "})
    assert told.status == 204
    cookie = told.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert CODE not in cookie
    looking = {"cookie": cookie.partition(";")[0]}
    assert guarded.told("/api/v1/status", **looking)["n_subs"] == 1
    assert b"audience.js" in guarded.ask("/", **looking).data  # type: ignore[attr-defined]
    assert guarded.told("/api/v1/invitation", **looking)["code"] == CODE
    assert guarded.told("/api/v1/status", x_view_code=CODE)["n_subs"] == 1
    assert guarded.ask("/api/v1/key", "POST", {}, **looking).status == 401  # to look on is not to command


@pytest.mark.parametrize("said", [[], "x", None, {}, {"code": 3}, {"code": ["a"]}])
def test_what_is_no_code_is_refused(guarded: WebProcess, said: object) -> None:
    assert guarded.ask(ASKED, "POST", [said] if said is None else said).status in (401, 422)


def test_who_guesses_the_code_has_to_wait_even_with_the_right_one(guarded: WebProcess) -> None:
    statuses = [guarded.ask(ASKED, "POST", {"code": "1234"}).status for _ in range(FREE_TRIES + 4)]
    assert statuses[:FREE_TRIES] == [401] * FREE_TRIES
    assert 429 in statuses
    for again in range(20):  # the wait doubles with every wrong one that is heard
        refused = guarded.ask(ASKED, "POST", {"code": f"wrong {again}"})
        if refused.status == 429 and int(refused.headers["retry-after"]) > 1:
            break
    assert guarded.ask(ASKED, "POST", {"code": CODE}).status == 429


def test_a_visitor_types_the_code_or_comes_by_the_qr_code(guarded: WebProcess) -> None:
    shown = "#target:text-is('M 27')"  # awaited by its selector: the page is loaded anew meanwhile
    with chromium() as browser:
        tab = Tab(browser, "phone", guarded.address, "de-DE")
        tab.page.fill("#code", "falsch")
        tab.page.click("#code-go")
        tab.await_true("document.querySelector('#code-fault').textContent.includes('nicht der Code')")
        tab.page.fill("#code", CODE)
        tab.page.click("#code-go")
        tab.page.wait_for_selector(shown)
        guarded.restart()  # which forgets who has told the code: the page tells it again by itself
        tab.page.reload()
        tab.page.wait_for_selector(shown)
        tab.close()
        invited = Tab(browser, "phone", f"{guarded.address}/#code=orion%2042")
        invited.page.wait_for_selector(shown)
        assert "code" not in invited.page.url
        invited.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a certificate and its key."""
    folder, openssl = tmp_path_factory.mktemp("certificate"), shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make certificates with")
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key", "-out", "cert"]
    subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True, timeout=120)
    return folder / "cert", folder / "key"


def asked(page: WebProcess, path: str, certificate: Path) -> Any:
    trusting = ssl.create_default_context(cafile=str(certificate))
    connection = http.client.HTTPSConnection(HOST, page.port, timeout=60, context=trusting)
    connection.request("GET", path)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.status == 200, data
    return json.loads(data)


def test_with_a_certificate_the_page_is_encrypted_and_says_so(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    file, key = certificate
    for page in served(tmp_path, f"web.certificate={file}", f"web.key={key}"):
        assert asked(page, "/api/v1/status", file)["n_subs"] == 1
        assert asked(page, "/api/v1/invitation", file)["link"] == f"https://{HOST}:{page.port}/"
        assert f"https://{HOST}:{page.port}/" in page.log.read_text()
        with pytest.raises((OSError, http.client.HTTPException)):
            page.ask("/api/v1/status")  # never in the clear


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["web.certificate={file}"], "both are needed"),
        (["web.certificate=nowhere.pem", "web.key={key}"], "web.certificate: "),
        (["web.certificate={file}", "web.key={file}"], "web.key: "),
        (["web.code=abc"], "at least 4"),
    ],
)
def test_a_door_that_cannot_be_is_told_and_no_page_is_served(
    tmp_path: Path, certificate: tuple[Path, Path], settings: list[str], told: str
) -> None:
    words = [word.format(file=certificate[0], key=certificate[1]) for word in settings]
    command = [sys.executable, "-m", "indistack", "web", str(tmp_path), "--listen", f"{HOST}:1"]
    for word in words:
        command += ["--set", word]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode in (1, 2)
    assert told in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
