"""gahb-sk info."""

from gahb_sk.cli import main
from gahb_sk.zoo import list_pretrained, read_card


def test_list_names_every_network(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[:-1]] == list_pretrained()


def test_one_card(capsys):
    name = list_pretrained()[0]
    assert main(["info", name]) == 0
    out = capsys.readouterr().out
    assert read_card(name)["command"] in out
    assert "oracle bandlets" in out


def test_unknown_name(capsys):
    assert main(["info", "c-alpha-22"]) == 1
    assert "Unknown network 'c-alpha-22'" in capsys.readouterr().err
