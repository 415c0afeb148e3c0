"""Sends one message by apprise, which knows a hundred ways: a program of its own, started for each message."""

from __future__ import annotations

import json
import os
import sys


def main(descriptor: str) -> str | None:
    """Send what stands in the file of that descriptor: ``urls``, ``title`` and ``text``; return why that failed."""
    with os.fdopen(int(descriptor), "rb") as file:
        told = json.load(file)
    try:
        import apprise  # takes a second and 30 MB, for the time of a message
    except ImportError:
        return "apprise is not installed"
    known = apprise.Apprise()
    unknown = sum(not known.add(url) for url in told["urls"])
    sent = known.notify(title=told["title"], body=told["text"])
    if unknown:
        return f"{unknown} of {len(told['urls'])} notify.urls are none that apprise knows"
    return None if sent else "no answer, or a refusal, from one of notify.urls"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
