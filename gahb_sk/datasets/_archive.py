"""Image files of a folder or an archive: their names, and their bytes within bounds."""

import lzma
import os
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from pathlib import Path, PurePosixPath

IMAGE_EXTENSIONS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pgm", ".ppm", ".webp",
                    ".npy")  # fmt: skip
MAX_FILE_BYTES = 2**28  # of one file, unpacked
UNPACK_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, KeyError,
                 NotImplementedError, RuntimeError)  # fmt: skip


class DamagedFile(Exception):
    """One image file cannot be used; the message says why, without the name."""


class Folder:
    """Image files under a folder."""

    def __init__(self, path, extensions, recursive):
        self.path = Path(path).absolute()
        walk = self.path.rglob("*") if recursive else self.path.iterdir()
        self.names = sorted(
            str(file.relative_to(self.path)) for file in walk
            if _wanted(file.name, extensions) and file.is_file()
        )  # fmt: skip

    def read(self, name):
        """Return the bytes of a file."""
        file = self.path / name
        try:
            if file.stat().st_size > MAX_FILE_BYTES:
                raise DamagedFile(f"more than {MAX_FILE_BYTES} bytes")
            return file.read_bytes()
        except OSError as error:
            raise DamagedFile(error.strerror or str(error)) from error

    def __repr__(self):
        return str(self.path)


class ZipArchive:
    """Image files in a zip archive, read in memory; names that leave it raise ValueError."""

    def __init__(self, path, extensions, recursive):
        self.path = Path(path).absolute()
        members = [m.filename for m in self._archive().infolist() if not m.is_dir()]
        for name in members:
            _check_member(self.path, name)
        self.names = sorted(
            name for name in members
            if _wanted(PurePosixPath(name).name, extensions) and (recursive or "/" not in name)
        )  # fmt: skip

    def read(self, name):
        """Return the bytes of a member; never more than the bound is unpacked."""
        try:
            with self._archive().open(name) as member:
                data = member.read(MAX_FILE_BYTES + 1)
        except UNPACK_ERRORS as error:
            raise DamagedFile(f"cannot be unpacked: {error}") from error
        if len(data) > MAX_FILE_BYTES:
            raise DamagedFile(f"more than {MAX_FILE_BYTES} bytes unpacked")
        return data

    def _archive(self):
        """Return the open archive; a process that was forked off opens its own."""
        owner, archive = self.__dict__.get("_open", (None, None))
        if owner != os.getpid():
            try:
                archive = zipfile.ZipFile(self.path)
            except (zipfile.BadZipFile, EOFError) as error:
                raise ValueError(f"{self.path}: expected a zip archive, but {error}.") from error
            weakref.finalize(self, archive.close)
            self._open = (os.getpid(), archive)
        return archive

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_open"}

    def __repr__(self):
        return str(self.path)


class TarArchive:
    """Image files in a tar archive, packed or not; names that leave it raise ValueError.

    A packed archive has no way in but its beginning: its images are copied to a temporary file
    once, which is deleted with this object. Copies, and other processes, make their own.
    """

    def __init__(self, path, extensions, recursive):
        self._arguments = (path, extensions, recursive)
        self.path = self._data = Path(path).absolute()
        self._places = {}  # name: offset and size, or what is wrong
        try:
            with tarfile.open(self.path, "r:") as archive:
                self._index(archive, extensions, recursive, lambda member: member.offset_data)
        except tarfile.ReadError:
            self._unpack(extensions, recursive)
        self.names = sorted(self._places)

    def read(self, name):
        """Return the bytes of a member."""
        place = self._places[name]
        if isinstance(place, str):
            raise DamagedFile(place)
        offset, size = place
        try:
            with open(self._data, "rb") as file:
                file.seek(offset)
                data = file.read(size)
        except OSError as error:
            raise DamagedFile(error.strerror or str(error)) from error
        if len(data) < size:
            raise DamagedFile("the archive ends within it")
        return data

    def _unpack(self, extensions, recursive):
        handle, name = tempfile.mkstemp(prefix="gahb_sk_", suffix=".images")
        self._data = Path(name)
        weakref.finalize(self, _delete, name, os.getpid())
        try:
            with open(handle, "wb") as target, tarfile.open(self.path, "r|*") as archive:

                def keep(member):
                    start = target.tell()
                    target.write(archive.extractfile(member).read())
                    return start

                self._index(archive, extensions, recursive, keep)
        except (tarfile.TarError, *UNPACK_ERRORS) as error:
            raise ValueError(f"{self.path}: expected a whole tar archive, but {error}.") from error

    def _index(self, archive, extensions, recursive, keep):
        for member in archive:
            name = str(PurePosixPath(member.name))
            _check_member(self.path, member.name)
            if member.isdir() or not _wanted(PurePosixPath(name).name, extensions):
                continue
            if "/" in name and not recursive:
                continue
            if member.issym() or member.islnk():
                self._places[name] = "a link; pack what it links to (tar --dereference)"
            elif not member.isreg() or member.issparse():
                self._places[name] = "no plain file"
            elif member.size > MAX_FILE_BYTES:
                self._places[name] = f"more than {MAX_FILE_BYTES} bytes"
            else:
                self._places[name] = (keep(member), member.size)

    def __reduce__(self):
        return type(self), self._arguments

    def __repr__(self):
        return str(self.path)


def _delete(name, owner):
    if os.getpid() == owner:
        Path(name).unlink(missing_ok=True)


def is_archive(path):
    """Tell whether a path is a zip or tar archive."""
    path = Path(path)
    return path.is_file() and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path))


def open_files(path, extensions=IMAGE_EXTENSIONS, recursive=True):
    """Return the image files of a folder or of a zip or tar archive."""
    path = Path(path)
    extensions = _check_extensions(extensions)
    if not path.exists():
        raise FileNotFoundError(f"path: expected a folder or an archive, found nothing: {path}")
    if path.is_dir():
        files = Folder(path, extensions, recursive)
    elif zipfile.is_zipfile(path):
        files = ZipArchive(path, extensions, recursive)
    elif tarfile.is_tarfile(path):
        files = TarArchive(path, extensions, recursive)
    else:
        raise ValueError(f"{path}: expected a zip or tar archive that is whole, got another file.")
    if not files.names:
        hint = "" if recursive else " Subfolders are searched with recursive=True."
        raise ValueError(
            f"{path}: expected images (extensions {', '.join(extensions)}), found none.{hint}"
        )
    return files


def _check_extensions(extensions):
    extensions = (extensions,) if isinstance(extensions, str) else tuple(extensions)
    if not extensions or not all(isinstance(e, str) and e for e in extensions):
        raise ValueError(
            f"extensions: expected names such as ('.png', '.jpg'), got {extensions!r}."
        )
    return tuple(("" if e.startswith(".") else ".") + e.lower() for e in extensions)


def _wanted(name, extensions):
    return not name.startswith(".") and name.lower().endswith(extensions)


def _check_member(path, name):
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or os.path.splitdrive(name)[0]:
        raise ValueError(
            f"{path}: the name {name!r} leaves the archive. Such an archive is not read at all; "
            "pack the images again with relative names."
        )
