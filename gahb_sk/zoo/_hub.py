"""Share folders of the zoo's format through a model hub: ``pip install "gahb-sk[hub]"``."""

from pathlib import Path

from gahb_sk.zoo._pretrained import CARD, find_any, read_card

NETWORK = ("model.safetensors", "config.json")
FILES = (*NETWORK, CARD)
# Pairs of networks: a card, and below it a folder for each network.
PAIR_FILES = (CARD, *(f"*/{name}" for name in NETWORK))


def push_pretrained(name, repository, *, private=False, client=None):
    """Upload a network's folder to a model hub.

    Parameters
    ----------
    name : str or path-like
        One of :func:`list_pretrained` or :func:`list_pairs`, or a folder that ``save`` or
        :func:`train_pairs` wrote.
    repository : str
        "owner/name" on the hub; made if missing.
    private : bool, default=False
        Whether a repository that is made is private.
    client : object, default=None
        With the methods ``create_repo`` and ``upload_folder`` of ``huggingface_hub.HfApi``; None is
        one of these, with the user's own login.

    Returns
    -------
    commit : object
        What ``upload_folder`` returns.

    Raises
    ------
    ImportError
        If huggingface_hub is not installed.
    ValueError
        If there is no such folder.
    """
    folder = find_any(name)
    client = _client() if client is None else client
    client.create_repo(repository, private=private, exist_ok=True)
    files = PAIR_FILES if _are_pairs(folder) else FILES
    return client.upload_folder(
        repo_id=repository, folder_path=str(folder), allow_patterns=list(files)
    )


def pull_pretrained(repository, folder, *, revision=None, client=None):
    """Download a network's folder from a model hub.

    Parameters
    ----------
    repository : str
        "owner/name" on the hub.
    folder : str or path-like
        Where to put it.
    revision : str, default=None
        Branch, tag or commit; None is the newest.
    client : object, default=None
        With the method ``snapshot_download`` of ``huggingface_hub.HfApi``.

    Returns
    -------
    folder : pathlib.Path
        For :func:`load_pretrained` or :func:`load_pairs`, which check it; no code of it is ever
        run.

    Raises
    ------
    ImportError
        If huggingface_hub is not installed.
    ValueError
        If the repository holds no network of this library.
    """
    client = _client() if client is None else client
    client.snapshot_download(
        repository, revision=revision, local_dir=str(folder), allow_patterns=[*FILES, *PAIR_FILES]
    )
    missing = [name for name in NETWORK if not (Path(folder) / name).is_file()]
    if missing and not _are_pairs(folder):
        raise ValueError(
            f"{repository}: expected a network written by save(); it lacks {missing[0]}."
        )
    return Path(folder)


def _are_pairs(folder):
    """Whether a folder has the card of pairs of networks."""
    return (Path(folder) / CARD).is_file() and "n_train" in read_card(folder)


def _client():
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ImportError(
            "A model hub needs huggingface_hub: pip install 'gahb-sk[hub]'."
        ) from error
    return HfApi()
