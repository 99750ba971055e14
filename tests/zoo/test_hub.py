"""Sharing through a model hub, against a client that keeps repositories in a folder."""

import shutil
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

from gahb_sk import NetworkDenoiser
from gahb_sk.networks import UNet
from gahb_sk.zoo import load_pairs, load_pretrained, pull_pretrained, push_pretrained


class FolderClient:
    """The methods of ``huggingface_hub.HfApi`` that are used, on a local folder."""

    def __init__(self, root):
        self.root = Path(root)

    def create_repo(self, repo_id, *, private, exist_ok):
        (self.root / repo_id).mkdir(parents=True, exist_ok=exist_ok)

    def upload_folder(self, *, repo_id, folder_path, allow_patterns):
        self._copy(Path(folder_path), self.root / repo_id, allow_patterns)
        return repo_id

    def snapshot_download(self, repo_id, *, revision, local_dir, allow_patterns):
        self._copy(self.root / repo_id, Path(local_dir), allow_patterns)

    def _copy(self, source, target, patterns):
        for path in source.rglob("*"):
            name = path.relative_to(source)
            if path.is_file() and any(fnmatch(str(name), pattern) for pattern in patterns):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target / name)


@pytest.fixture
def saved(tmp_path):
    denoiser = NetworkDenoiser(UNet(channels=2, n_blocks=1), max_images=2, random_state=0)
    denoiser.fit(np.random.default_rng(0).random((2, 8, 8))).save(tmp_path / "mine")
    (tmp_path / "mine" / "notes.txt").write_text("not for others")
    return denoiser, tmp_path / "mine"


def test_there_and_back(saved, tmp_path):
    denoiser, folder = saved
    client = FolderClient(tmp_path / "hub")
    push_pretrained(folder, "me/denoiser", client=client)
    pulled = pull_pretrained("me/denoiser", tmp_path / "pulled", client=client)
    assert not (pulled / "notes.txt").exists()
    X = np.random.default_rng(1).random((2, 8, 8))
    np.testing.assert_array_equal(load_pretrained(pulled).transform(X), denoiser.transform(X))


def test_pairs_there_and_back(tmp_path):
    client = FolderClient(tmp_path / "hub")
    push_pretrained("pairs-8x8", "me/pairs", client=client)
    pulled = pull_pretrained("me/pairs", tmp_path / "pulled", client=client)
    X = np.random.default_rng(1).random((2, 8, 8))
    old, new = load_pairs("pairs-8x8"), load_pairs(pulled)
    assert list(old) == list(new)
    for pair, same in zip(old.values(), new.values(), strict=True):
        for network, again in zip(pair, same, strict=True):
            np.testing.assert_array_equal(network.transform(X), again.transform(X))


def test_a_repository_of_something_else(tmp_path):
    client = FolderClient(tmp_path)
    client.create_repo("me/other", private=False, exist_ok=True)
    with pytest.raises(ValueError, match="lacks model.safetensors"):
        pull_pretrained("me/other", tmp_path / "pulled", client=client)


def test_without_the_client_the_message_says_what_to_install(saved, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"gahb-sk\[hub\]"):
        push_pretrained(saved[1], "me/denoiser")


def test_the_real_client_has_these_methods():
    import inspect

    hub = pytest.importorskip("huggingface_hub")
    for name in ("create_repo", "upload_folder", "snapshot_download"):
        real = inspect.signature(getattr(hub.HfApi, name)).parameters
        assert set(inspect.signature(getattr(FolderClient, name)).parameters) <= set(real)
