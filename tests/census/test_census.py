"""A sample of the census: no bad value hangs, and few errors are obscure."""

import collections

from tests.census.__main__ import census

N_CALLS = 150
# Share of calls whose error does not name the parameter; docs/reliability.md has the counts.
OBSCURE = 0.10


def test_bad_values_are_refused_clearly(tmp_path, monkeypatch, global_random_seed):
    monkeypatch.chdir(tmp_path)
    found = list(census(N_CALLS, global_random_seed))
    counts = collections.Counter(verdict for *_, verdict, _ in found)
    shown = "\n".join(map(str, (call for call in found if call[3] not in ("taken", "clear"))))
    assert len(found) > N_CALLS / 2
    assert not counts["hang"], shown
    assert counts["obscure"] <= OBSCURE * len(found) + 3 * (OBSCURE * len(found)) ** 0.5, shown
