"""Names that become names of files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from indistack.values.file_names import file_words, session_name

NOW = datetime(2024, 1, 6, 21, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("M 42", "20240106-213005_M-42_001"),
        ("", "20240106-213005_unnamed_001"),
        ("../../etc/ä b", "20240106-213005_etc-a-b_001"),
    ],
)
def test_session_names_are_safe_file_names(target: str, expected: str) -> None:
    assert session_name(NOW, target, 1) == expected


def test_no_two_filters_share_a_name_on_a_disk_that_knows_no_case() -> None:
    assert file_words(["R", "r", "R/1", "R 1", "", "../"]) == ["R", "r-2", "R-1", "R-1-2", "none", "none-2"]
