"""Help is quick: no command loads torch or matplotlib before it runs."""

import subprocess
import sys


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from gahb_sk.cli import build_parser; text = build_parser().format_help(); "
        "assert 'restore' in text; print(' '.join(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "gahb_sk.cli._sample" in loaded
    assert not {"torch", "matplotlib"} & set(loaded)
