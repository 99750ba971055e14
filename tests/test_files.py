"""What a killed process left half written is removed by the next one, and nothing else is."""

import os
import subprocess
import sys

import numpy as np

from gahb_sk.datasets import open_stack, save_stack

KILLED = """
import os, signal, sys
import numpy as np
from gahb_sk.datasets import save_stack

class Killer:
    shape, dtype = (2, 8, 8), np.dtype(np.float32)
    def __len__(self):
        return 2
    def __getitem__(self, index):
        os.kill(os.getpid(), signal.SIGKILL)

save_stack(Killer(), sys.argv[1])
"""


def test_the_next_write_removes_what_a_killed_one_left(tmp_path):
    path, X = tmp_path / "stack.npy", np.ones((2, 8, 8), np.float32)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)])
    (left,) = tmp_path.iterdir()
    assert done.returncode < 0 and left.name.startswith(".stack-") and not path.exists()
    # The same name with the number of a process that runs: it is being written.
    *start, _, rest = left.name.split("-")
    written = tmp_path / "-".join([*start, str(os.getpid()), rest])
    written.touch()
    (tmp_path / ".stack-notes.npy").touch()
    save_stack(X, path)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"stack.npy", written.name, ".stack-notes.npy"}
    np.testing.assert_array_equal(open_stack(path)[:], X)


def test_an_error_leaves_the_file_before(tmp_path):
    path, X = tmp_path / "stack.npy", np.ones((2, 8, 8), np.float32)
    save_stack(X, path)

    class Broken(np.ndarray):
        def __getitem__(self, index):
            raise OSError(28, "No space left on device")

    try:
        save_stack(np.zeros_like(X).view(Broken), path)
    except OSError as error:
        assert "No space left" in str(error)
    else:
        raise AssertionError("expected an OSError")
    assert [file.name for file in tmp_path.iterdir()] == ["stack.npy"]
    np.testing.assert_array_equal(open_stack(path)[:], X)
