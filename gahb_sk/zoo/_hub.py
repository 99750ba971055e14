"""Share folders of the zoo's format through a model hub: ``pip install "gahb-sk[hub]"``."""

from pathlib import Path

from gahb_sk.zoo._pretrained import CARD, find_folder

FILES = ("model.safetensors", "config.json", CARD)


def push_pretrained(name, repository, *, private=False, client=None):
    """Upload a network's folder to a model hub.

    Parameters
    ----------
    name : str or path-like
        One of :func:`list_pretrained`, or a folder that ``save`` wrote.
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
    folder = find_folder(name)
    client = _client() if client is None else client
    client.create_repo(repository, private=private, exist_ok=True)
    return client.upload_folder(
        repo_id=repository, folder_path=str(folder), allow_patterns=list(FILES)
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
        For :func:`load_pretrained`, which checks it; no code of it is ever run.

    Raises
    ------
    ImportError
        If huggingface_hub is not installed.
    ValueError
        If the repository holds no network of this library.
    """
    client = _client() if client is None else client
    client.snapshot_download(
        repository, revision=revision, local_dir=str(folder), allow_patterns=list(FILES)
    )
    missing = [name for name in FILES[:2] if not (Path(folder) / name).is_file()]
    if missing:
        raise ValueError(
            f"{repository}: expected a network written by save(); it lacks {missing[0]}."
        )
    return Path(folder)


def _client():
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ImportError(
            "A model hub needs huggingface_hub: pip install 'gahb-sk[hub]'."
        ) from error
    return HfApi()
