"""Where a command that changes files writes each of them, and how far an interrupted run came."""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from gahb_sk._files import write_text
from gahb_sk.cli._settings import FILE, command_of
from gahb_sk.datasets._image_file import IMAGE_FILE_EXTENSIONS

RECORD = ".gahb-sk-denoise.jsonl"
_SAME = {".jpeg": ".jpg", ".tiff": ".tif"}
# Images in formats that are not written, as cameras, telephones and editors make them.
_FOREIGN = tuple(
    ".arw .avif .bmp .cr2 .cr3 .dng .exr .gif .heic .heif .jp2 .jxl .nef .orf .pgm .ppm .psd .raf "
    ".rw2 .tga".split()
)


@dataclass(frozen=True)
class Target:
    """A file to read and the one to write.

    Attributes
    ----------
    source, path : pathlib.Path
    """

    source: Path
    path: Path

    @property
    def key(self):
        """What a record calls the written file, however the folder is spelled."""
        return str(self.path.resolve())

    def state(self):
        """Return what changes when the source changes."""
        return state_of(self.source)


def state_of(path):
    """Return what changes when a file, or one of a folder, changes; None where there is none."""
    files = sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files] or None


def find_targets(paths, output):
    """Mirror files, and the image files of folders, under an output folder.

    Parameters
    ----------
    paths : list of str
        Files and folders.
    output : str
        A folder; or the file to write, if there is one path, of a file.

    Returns
    -------
    targets : list of Target
        In the order of the names.

    Raises
    ------
    OSError, ValueError
        If a path is missing, a folder holds no image, two files would be written to one place, or
        one would replace a source.
    """
    output, paths = Path(output), [Path(path) for path in paths]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"PATH: there is no file or folder {str(path)!r}.")
    suffix = _suffix(output)
    if len(paths) == 1 and paths[0].is_file() and suffix and not output.is_dir():
        if suffix != _suffix(paths[0]):
            raise ValueError(
                f"--output: formats are kept, so expected a name in {paths[0].suffix}, got "
                f"{output.name!r}."
            )
        targets = [Target(paths[0], output)]
    elif suffix and not output.is_dir():
        raise ValueError(
            f"--output: expected a folder for several images, got the file name {output.name!r}."
        )
    else:
        targets = [target for path in paths for target in _below(path, output)]
    sources = {_real(target.source) for target in targets}
    places = {}
    for target in targets:
        place = target.path.resolve()
        if place in sources:
            raise ValueError(
                f"--output: {target.path} would replace its original, or that of another file. "
                "Choose another folder."
            )
        if place in places:
            raise ValueError(
                f"--output: {places[place]} and {target.source} would both be written to "
                f"{target.path}. Run the command once per folder."
            )
        places[place] = target.source
    return targets


def left_alone(paths):
    """Return the images that :func:`find_targets` passes over in folders for their format.

    Parameters
    ----------
    paths : list of str
        Files and folders.

    Returns
    -------
    files : list of pathlib.Path
    """
    folders = [path for path in map(Path, paths) if path.is_dir()]
    found = (file for folder in folders for file in sorted(folder.rglob("*")))
    return [file for file in found if file.suffix.lower() in _FOREIGN and file.is_file()]


def earlier_results(path, output):
    """Return the folders below a path that an earlier run wrote, which are no input.

    Parameters
    ----------
    path, output : path-like
        A path that was typed, and the output folder of this run, which is left out.

    Returns
    -------
    folders : list of pathlib.Path
    """
    path, own = Path(path), _real(output)
    found = {file.parent for file in path.rglob(RECORD)}
    found |= {file.parent for file in path.rglob(FILE) if command_of(file) == "denoise"}
    return sorted(
        one for one in found if one != path and own not in (_real(one), *_real(one).parents)
    )


def _real(path):
    return Path(os.path.realpath(path))  # of a link that goes round in a circle, too


def _suffix(path):
    suffix = path.suffix.lower()
    return _SAME.get(suffix, suffix) if suffix in IMAGE_FILE_EXTENSIONS else ""


def _below(path, output):
    if path.is_file():
        return [Target(path, output / path.name)]
    written = {_real(folder) for folder in earlier_results(path, output)}
    if _real(output) not in (_real(path), *_real(path).parents):
        written.add(_real(output))
    found = sorted(
        file for file in path.rglob("*")
        if _suffix(file) and not file.name.startswith(".") and (file.is_file() or _dangles(file))
    )  # fmt: skip
    files = [file for file in found if written.isdisjoint(_real(file).parents)]
    if not files:
        but = " but those that this command wrote" if found else ""
        formats = ", ".join(IMAGE_FILE_EXTENSIONS)
        raise ValueError(f"PATH: no images ({formats}) in the folder {str(path)!r}{but}.")
    return [Target(file, output / file.relative_to(path)) for file in files]


def _dangles(path):
    """Whether it is a link to nothing, which is to be reported as a file that can't be read."""
    return path.is_symlink() and not path.exists()


class Record:
    """What a run has finished, kept in the output folder until all of it is.

    Parameters
    ----------
    folder : pathlib.Path
        Output folder.
    settings : dict
        What decides the results. A record of other settings is another run.
    targets : list of Target
    overwrite : bool
        Whether files that this run did not write may be replaced.
    page : str, default=None
        The page of ``--compare``, which is written at the end.

    Attributes
    ----------
    rows : dict of str to dict
        What was noted of each finished file.

    Raises
    ------
    FileExistsError
        If files stand in the way.
    """

    def __init__(self, folder, settings, targets, overwrite, page=None):
        self._path = folder / RECORD
        self._made = [part for part in (folder, *folder.parents) if not part.exists()]
        head, rows = self._read()
        same = head.get("settings") == settings
        planned = set(head["targets"]) if same else set()
        wanted = [target.key for target in targets]
        there = [path for path in wanted if path not in planned and Path(path).exists()]
        if there and not overwrite:
            other = " by a run with other settings that did not end" if head and not same else ""
            raise FileExistsError(
                f"--output: {len(there)} of {len(wanted)} files exist{other}, such as {there[0]}. "
                "Choose another folder, or replace them with --overwrite."
            )
        pages = [] if page is None else [str(Path(page).resolve())]
        if pages and pages[0] not in planned and Path(page).exists() and not overwrite:
            raise FileExistsError(
                f"--compare: the page {page!r} exists. Choose another name, or replace it with "
                "--overwrite."
            )
        states = {target.key: target.state() for target in targets}
        self.rows = {
            path: row for path, row in rows.items()
            if same and row["state"] == states.get(path) and row["written"] == state_of(Path(path))
        }  # fmt: skip
        lines = [{"settings": settings, "targets": sorted(planned | {*wanted, *pages})}]
        lines += [{"path": path, **row} for path, row in self.rows.items()]
        write_text(self._path, "".join(json.dumps(line) + "\n" for line in lines))

    def _read(self):
        """Return the heading and the rows; a last line cut short by a crash is left out."""
        lines = []
        if self._path.is_file():
            for text in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    lines.append(json.loads(text))
                except ValueError:
                    break
        if not lines:
            return {}, {}
        return lines[0], {row.pop("path"): row for row in lines[1:]}

    def add(self, target, row):
        """Note a file that was written."""
        row = {"state": target.state(), "written": state_of(target.path), **row}
        self.rows[target.key] = row
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"path": target.key, **row}) + "\n")

    def close(self):
        """Forget the run, which is finished; folders made for nothing go, too."""
        self._path.unlink(missing_ok=True)
        if not self.rows:
            with contextlib.suppress(OSError):  # somebody else's file is there
                for folder in self._made:
                    folder.rmdir()
