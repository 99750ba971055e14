"""Every figure from the weights that come with the package, with few test images."""

import numpy as np
import pytest

from gahb_sk.reproduce import Setup, all_figures, reproduce, write_reproduction


@pytest.mark.slow
@pytest.mark.parametrize("figure", all_figures(), ids=lambda figure: figure.name)
def test_figure_is_done_again(figure, tmp_path):
    setup = Setup(n_images=4)
    if figure.missing(setup):
        pytest.skip(f"the package lacks {', '.join(figure.missing(setup))}")
    found = reproduce(figure, setup)
    record = write_reproduction(tmp_path, found, setup)
    table = found.outcome.table
    assert {*figure.keys, *figure.tolerances} <= set(table)
    keys = list(zip(*(table[name].tolist() for name in figure.keys), strict=True))
    assert len(set(keys)) == table.n_rows
    assert found.outcome.checks and found.outcome.pictures
    for column in figure.tolerances:
        assert np.isfinite(table[column].astype(float)).any(), column
    for name in record["pictures"]:
        assert (tmp_path / figure.name / name).stat().st_size > 10_000
