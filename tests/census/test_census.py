"""A sample of the census: no bad value, file or word hangs or ends in an obscure error."""

import collections

import pytest

from tests.census.__main__ import census
from tests.census._calls import make_files
from tests.census._commands import bad_commands
from tests.census._files import damaged_files

N_CALLS, N_DAMAGED = 150, 20


def check(found, least):
    found = list(found)
    counts = collections.Counter(verdict for *_, verdict, _ in found)
    shown = "\n".join(map(str, (case for case in found if case[3] not in ("taken", "clear"))))
    assert len(found) >= least
    assert not counts["hang"] and not counts["silent"] and not counts["obscure"], shown


def test_bad_values_are_refused_clearly(tmp_path, monkeypatch, global_random_seed):
    monkeypatch.chdir(tmp_path)
    check(census(N_CALLS, global_random_seed), N_CALLS / 2)


@pytest.mark.slow
def test_damaged_files_and_hostile_settings(tmp_path, monkeypatch, global_random_seed):
    monkeypatch.chdir(tmp_path)
    check(damaged_files(N_DAMAGED, global_random_seed), 10 * N_DAMAGED)


@pytest.mark.slow
def test_commands_with_a_bad_word(tmp_path, monkeypatch, global_random_seed):
    monkeypatch.chdir(tmp_path)
    make_files()
    check(bad_commands(N_DAMAGED, global_random_seed), N_DAMAGED)
