"""Files inside Qt resource bundles (.rcc), in which some packages keep their photographs.

Layout: a header with the places of three tables; a tree of folders and files; names in UTF-16,
big-endian; data, each with its length in front. See https://doc.qt.io/qt-6/resources.html.
"""

import struct
import zlib

_COMPRESSED, _FOLDER = 1, 2


def read_resources(data):
    """Yield the name and the bytes of each file in a bundle.

    Parameters
    ----------
    data : bytes
        The bundle.

    Yields
    ------
    name : str
        With the names of its folders, separated by slashes.
    content : bytes

    Raises
    ------
    ValueError
        If it is no bundle.
    """
    if data[:4] != b"qres":
        raise ValueError("expected a Qt resource bundle, which begins with 'qres'.")
    version, tree, contents, names = struct.unpack(">4I", data[4:20])
    node_size = 14 if version < 2 else 22  # later versions append the time of the last change

    def name(offset):
        start = names + offset
        (length,) = struct.unpack_from(">H", data, start)
        return data[start + 6 : start + 6 + 2 * length].decode("utf-16-be")

    def walk(number, folders):
        at = tree + number * node_size
        offset, flags = struct.unpack_from(">IH", data, at)
        path = [*folders, name(offset)] if number else []
        if flags & _FOLDER:
            count, first = struct.unpack_from(">2I", data, at + 6)
            for below in range(first, first + count):
                yield from walk(below, path)
        else:
            (offset,) = struct.unpack_from(">I", data, at + 10)
            yield "/".join(path), _content(data, contents + offset, flags)

    yield from walk(0, [])


def _content(data, start, flags):
    (length,) = struct.unpack_from(">I", data, start)
    content = data[start + 4 : start + 4 + length]
    return zlib.decompress(content[4:]) if flags & _COMPRESSED else content
