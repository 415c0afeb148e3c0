"""The check that docstrings of array functions tell what goes in and out."""

from __future__ import annotations

import ast

import docstrings
import pytest

TOLD = '''
def f(a: FloatArray, n: int) -> FloatArray:
    """Scale.

    Parameters
    ----------
    a : array
        ``(h, w)`` float32.

    Returns
    -------
    array
        New.
    """
'''


def faults(code: str) -> list[str]:
    (function,) = docstrings.public_functions(ast.parse(code))
    return docstrings.faults(function)


def test_what_tells_all_has_no_fault() -> None:
    assert faults(TOLD) == []


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [("    a : array\n        ``(h, w)`` float32.\n", "parameter a"), ("Returns\n    -------", "what is returned")],
)
def test_what_is_missing_is_named(lacking: str, expected: str) -> None:
    assert faults(TOLD.replace(lacking, "")) == [expected]


def test_a_sentence_that_tells_the_shape_is_enough() -> None:
    assert faults('def f(a: FloatArray) -> FloatArray:\n    """Return the ``(h, w)`` plane, new."""\n') == []
    assert faults('def f(a: FloatArray) -> FloatArray:\n    """The map that shifts."""\n') != []


def test_what_is_not_about_arrays_is_left_alone() -> None:
    assert faults('def f(n: int) -> str:\n    """Say it."""\n') == []
    assert not list(docstrings.public_functions(ast.parse(TOLD.replace("def f", "def _f"))))
