"""Fixtures shared with the tests of analysis."""

from tests.analysis.conftest import networks  # noqa: F401
