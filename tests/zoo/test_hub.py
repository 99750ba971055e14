"""Sharing through a model hub, against a client that keeps repositories in a folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gahb_sk import UNetDenoiser
from gahb_sk.zoo import load_pretrained, pull_pretrained, push_pretrained


class FolderClient:
    """The methods of ``huggingface_hub.HfApi`` that are used, on a local folder."""

    def __init__(self, root):
        self.root = Path(root)

    def create_repo(self, repo_id, *, private, exist_ok):
        (self.root / repo_id).mkdir(parents=True, exist_ok=exist_ok)

    def upload_folder(self, *, repo_id, folder_path, allow_patterns):
        for name in allow_patterns:
            if (Path(folder_path) / name).exists():
                shutil.copy(Path(folder_path) / name, self.root / repo_id / name)
        return repo_id

    def snapshot_download(self, repo_id, *, revision, local_dir, allow_patterns):
        shutil.copytree(self.root / repo_id, local_dir, dirs_exist_ok=True)


@pytest.fixture
def saved(tmp_path):
    denoiser = UNetDenoiser(channels=2, n_blocks=1, max_images=2, random_state=0)
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
