"""``gahb-sk reproduce``."""

import dataclasses
import json
import re
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from gahb_sk import reproduce
from gahb_sk.cli import main
from gahb_sk.cli._figures_page import write_figures_page
from gahb_sk.experiments import Table
from gahb_sk.reproduce import Check, Outcome, PaperFigure

CALLS = []


def figure(number, networks=("c-alpha-2",), optional=()):
    def run(setup):
        CALLS.append((number, setup))
        if setup.random_state == 13:
            raise KeyboardInterrupt
        psnr = 30.0 + (number if isinstance(number, int) else 0)
        table = Table({"who": ["a"], "psnr": [psnr]})
        checks = [Check("level <&>", psnr, 30.0), Check("other", float("nan"), 0.0, 1.0)]
        return Outcome(table, {'A "picture".': Figure()}, checks, ["Note <b>."])

    return PaperFigure(number, f"Title {number}", "Paper.", "Criterion.", run, networks, ("who",),
                  {"psnr": 0.1}, optional=optional)  # fmt: skip


@pytest.fixture(autouse=True)
def figures(monkeypatch):
    CALLS.clear()
    known = {1: figure(1), 2: figure(2), 8: figure(8, ("ghost",)), 9: figure(9, ("ray",), ("x",))}

    def get_figure(name):
        if str(name) not in map(str, known):
            raise ValueError(f"figure {name}: unknown")
        return known[int(name) if str(name).isdigit() else name]

    monkeypatch.setattr(reproduce, "all_figures", lambda: list(known.values()))
    monkeypatch.setattr(reproduce, "get_figure", get_figure)
    return known


def test_one_figure_makes_a_page_a_table_and_a_picture(tmp_path, capsys):
    assert main(["reproduce", "1", "--output", str(tmp_path), "--images", "3", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    assert out.strip() == f"The report is written to {tmp_path / 'index.html'}"
    page = (tmp_path / "index.html").read_text()
    assert "Figure 1. Title 1" in page and "reproduced in part" in page
    assert "level &lt;&amp;&gt;" in page and "Note &lt;b&gt;." in page and "unknown" in page
    assert "gahb-sk reproduce 1 --output" in page and "--images 3" in page
    assert re.findall(r"src='data:image/png;base64,[\w+/=]{100,}'", page)
    assert (tmp_path / "figure-01" / "results.csv").read_text().split() == ["who,psnr", "a,31.0"]
    (number, setup), *_ = CALLS
    assert (number, setup.n_images, setup.random_state) == (1, 3, 5)


def test_what_is_done_is_left_alone_unless_asked(tmp_path):
    main(["reproduce", "1", "--output", str(tmp_path)])
    main(["reproduce", "2", "1", "--output", str(tmp_path)])
    assert [number for number, _ in CALLS] == [1, 2]
    page = (tmp_path / "index.html").read_text()
    assert page.index("Title 1") < page.index("Title 2")
    main(["reproduce", "1", "--output", str(tmp_path), "--again"])
    main(["reproduce", "1", "--output", str(tmp_path), "--seed", "3"])
    assert [number for number, _ in CALLS] == [1, 2, 1, 1]


def test_all_leaves_out_what_lacks_networks_and_says_so(tmp_path, capsys):
    assert main(["reproduce", "all", "--output", str(tmp_path)]) == 0
    assert [number for number, _ in CALLS if number in (1, 2)] == [1, 2]
    assert "figure 8 is left out: the networks ghost" in capsys.readouterr().err


def test_all_are_those_of_the_paper_and_others_come_by_name(tmp_path, figures):
    figures["ours"] = figure("ours")
    main(["reproduce", "all", "--output", str(tmp_path)])
    assert "ours" not in [number for number, _ in CALLS]
    main(["reproduce", "all", "ours", "--output", str(tmp_path)])
    assert [number for number, _ in CALLS].count("ours") == 1


def test_nothing_but_missing_networks_is_an_error(tmp_path, capsys):
    assert main(["reproduce", "8", "--output", str(tmp_path)]) == 1
    assert "ghost" in capsys.readouterr().err
    assert not (tmp_path / "index.html").exists()


def test_an_interrupted_figure_leaves_the_others(tmp_path, capsys):
    main(["reproduce", "1", "--output", str(tmp_path)])
    before = (tmp_path / "index.html").read_text()
    assert main(["reproduce", "2", "--output", str(tmp_path), "--seed", "13"]) == 1
    assert "interrupted" in capsys.readouterr().err
    assert (tmp_path / "index.html").read_text() == before
    assert not (tmp_path / "figure-02" / "figure.json").exists()


def test_rows_of_a_run_that_ended_are_not_read_again(tmp_path):
    kept = [tmp_path / "kept" / name for name in ("1-of-3.csv", "2-of-3.csv", "alpha-1.csv")]
    kept[0].parent.mkdir()
    for path in kept:
        path.write_text("who,psnr\n")
    assert main(["reproduce", "2", "--output", str(tmp_path), "--seed", "13"]) == 1  # interrupted
    assert all(path.exists() for path in kept)
    assert main(["reproduce", "1", "--output", str(tmp_path)]) == 0
    assert [path.exists() for path in kept] == [False, True, True]


def test_training_comes_first_and_only_once(tmp_path, monkeypatch):
    trained = []

    def train(name, folder, **options):
        if (folder / name).exists():
            return
        trained.append((name, options["max_images"]))
        (folder / name).mkdir(parents=True)
        (folder / name / "card.json").write_text("{}")

    monkeypatch.setattr(reproduce, "train_pretrained", train)
    words = ["reproduce", "9", "--output", str(tmp_path), "--train", "--max-images", "7"]
    assert main(words) == 0
    assert trained == [("ray", 7), ("x", 7)]
    assert CALLS[0][1].networks == tmp_path / "networks"
    main(words)
    assert len(trained) == 2


def test_figures_of_our_own_come_when_named(figures, tmp_path, monkeypatch):
    trained = []
    figures["gap"] = dataclasses.replace(figure("gap"), optional=("ray",), scalable=True)
    monkeypatch.setattr(
        reproduce, "train_pretrained", lambda name, folder, **options: trained.append(options)
    )
    main(["reproduce", "1", "--output", str(tmp_path)])
    words = ["reproduce", "gap", "--output", str(tmp_path), "--train", "--image-size", "16"]
    assert main([*words, "--sigma", "0.1", "0.2"]) == 0
    assert {options["image_size"] for options in trained} == {16}
    assert CALLS[-1][0] == "gap" and CALLS[-1][1].image_size == 16
    assert CALLS[-1][1].sigma == (0.1, 0.2)
    page = (tmp_path / "index.html").read_text()
    assert page.index("Title 1") < page.index("Title gap")


def test_pairs_are_trained_by_their_own_function(figures, tmp_path, monkeypatch):
    trained = []
    figures[9] = figure(9, ("pairs-8x8",))
    monkeypatch.setattr(
        reproduce, "train_pairs", lambda name, folder, **options: trained.append((name, folder))
    )
    assert main(["reproduce", "9", "--output", str(tmp_path), "--train"]) == 0
    assert trained == [("pairs-8x8", tmp_path / "networks")]


def test_a_damaged_record_is_named(tmp_path, capsys):
    main(["reproduce", "1", "--output", str(tmp_path)])
    (tmp_path / "figure-01" / "figure.json").write_text("{")
    assert main(["reproduce", "2", "--output", str(tmp_path)]) == 1
    assert "figure-01" in capsys.readouterr().err


def test_the_record_is_json_without_nan(tmp_path):
    main(["reproduce", "1", "--output", str(tmp_path)])
    record = json.loads((tmp_path / "figure-01" / "figure.json").read_text())
    assert record["checks"][1]["value"] is None
    assert [check["passed"] for check in record["checks"]] == [True, False]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["7"], "figure 7: unknown"),
        (["1", "--max-images", "5"], "together with --train"),
        (["1", "--image-size", "16"], "--image-size: expected figure gap alone"),
        (["1", "--networks", "no/such/folder"], "--networks: expected a folder"),
    ],
)
def test_bad_input(words, message, tmp_path, capsys):
    assert main(["reproduce", *words, "--output", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


def test_noise_levels_are_fractions_too(tmp_path, capsys):
    words = ["reproduce", "1", "--output", str(tmp_path), "--sigma"]
    assert main([*words, "25/255"]) == 1
    assert "--sigma: expected figure gap alone" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*words, "25"])
    assert "did you mean 25/255?" in capsys.readouterr().err


def test_figures_that_are_not_in_the_paper_come_last_and_by_name(tmp_path):
    for number in ("the-league", 3):
        found = replace(figure(0), number=number)
        setup = reproduce.Setup()
        reproduce.write_reproduction(tmp_path, reproduce.reproduce(found, setup), setup)
    page = write_figures_page(tmp_path, "gahb-sk reproduce").read_text()
    assert page.index("Figure 3. ") < page.index("The-league. ")
    assert (tmp_path / "figure-the-league" / "results.csv").is_file()
