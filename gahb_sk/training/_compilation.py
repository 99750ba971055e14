"""Compiling a network in place, so that the names of its weights stay as they are."""

import warnings


def compile_in_place(network):
    """Let torch compile the network's forward and backward pass when it is first called."""
    network.compile()


def is_compiled(network):
    """Tell whether :func:`compile_in_place` was called and not undone."""
    return network._compiled_call_impl is not None


def undo_compilation(network):
    """Go back to the network as it is written."""
    network._compiled_call_impl = None


def first_call(network, call):
    """Return ``call()``, the first use of a compiled network, uncompiled if that fails.

    Warns
    -----
    UserWarning
        If torch cannot compile here; the network then runs as it is written.
    """
    try:
        return call()
    except Exception as error:
        undo_compilation(network)
        result = call()  # an error of another cause shows itself here
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        warnings.warn(
            f"compile=True: torch cannot compile on this machine ({reason}); the network is "
            "trained uncompiled. A C++ compiler such as g++ is needed on a CPU.",
            stacklevel=2,
        )
        return result
