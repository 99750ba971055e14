"""Work that does not fit into the machine is refused before it begins."""

import os


def check_memory(needed, what, repair):
    """Raise MemoryError if ``needed`` bytes are more than the machine has.

    Systems that promise more memory than there is end such a process later, without a word.
    Where the size of the memory is not known, nothing is checked.
    """
    total = _total_memory()
    if total is not None and needed > total:
        raise MemoryError(
            f"{what} need about {needed / 2**30:.3g} GiB of memory, of which this machine has "
            f"{total / 2**30:.3g}. {repair}"
        )


def _total_memory():
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return None
