import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_array_equal

from gahb_sk.experiments import Table
from gahb_sk.plots import LeagueDisplay

ROLES = {"a": "theory", "b": "theory", "best": "optimum", "other": "network"}


@pytest.fixture
def table():
    rows = [
        {"sigma": sigma, "network": network, "rival": rival, "role": role,
         "agreement": k + sigma, "agreement_se": 0.1, "output_r2": 0.5, "output_r2_se": 0.0}
        for network in ("first", "other") for sigma in (0.1, 1.0)
        for k, (rival, role) in enumerate(ROLES.items()) if network != rival
    ]  # fmt: skip
    return Table.from_rows(rows)


def test_each_rival_of_a_network_has_a_curve_in_its_colour(table):
    display = LeagueDisplay.from_table(table).plot(Figure().subplots())
    curves = display.ax_.containers
    assert [curve.get_label() for curve in curves] == list(ROLES)
    for k, curve in enumerate(curves):
        assert_array_equal(curve[0].get_ydata(), [k + 0.1, k + 1])
    colours = [curve[0].get_color() for curve in curves]
    assert len(set(colours)) == 4 and colours[3] == "#000000"
    other = LeagueDisplay(table, quantity="output_r2", network="other").plot(Figure().subplots())
    assert len(other.ax_.containers) == 3


def test_what_was_not_measured_is_refused(table):
    with pytest.raises(ValueError, match="Unknown quantity 'alignment'"):
        LeagueDisplay(table, quantity="alignment").plot(Figure().subplots())
    with pytest.raises(ValueError, match="network"):
        LeagueDisplay(table, network="third").plot(Figure().subplots())
