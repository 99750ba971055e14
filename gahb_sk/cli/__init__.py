"""The command line: a subcommand is a file of this room.

A file ``_name.py`` with ``NAME``, ``HELP``, ``EXAMPLE``, ``add_arguments(parser)`` and
``run(args) -> int`` is found by itself. Exit codes: 0 done, 1 something was wrong with the input
(one line on stderr says what), 2 wrong usage.
"""

import argparse
import importlib
import os
import pkgutil
import sys

from gahb_sk import __version__

# RuntimeError is what torch raises of devices: none such, out of memory, an operation it lacks.
ERRORS = (
    ValueError, TypeError, ArithmeticError, OSError, ImportError, MemoryError, RuntimeError,
)  # fmt: skip


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    code : int
        0 or 1; wrong usage raises ``SystemExit(2)`` as argparse does.

    Raises
    ------
    BrokenPipeError
        If nobody reads what is printed any more.
    """
    args = build_parser().parse_args(argv)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        raise
    except ERRORS as error:
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"gahb-sk {args.command}: {message}", file=sys.stderr)
    return 1


def build_parser():
    """Return the parser of all subcommands."""
    parser = argparse.ArgumentParser(
        prog="gahb-sk",
        description="Compare learned, classical and optimal image denoisers.",
        epilog="Each command has its own help and an example: gahb-sk compare --help",
    )
    parser.add_argument("--version", action="version", version=f"gahb-sk {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _commands():
        sub = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.__doc__,
            epilog=f"example:\n  {command.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


def entry_point():
    """Run the command line and exit the process with its code.

    Ctrl-C ends it with one line at any time, also while the commands are imported. Nothing is said
    if who reads the output has read enough, as ``head`` does.
    """
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _interrupted()
    except BrokenPipeError:
        code = 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushed again at the end
    sys.exit(code)


def _interrupted():
    print("gahb-sk: interrupted; no half-written file was left.", file=sys.stderr)
    return 1


def _commands():
    modules = (
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
        if module.name != "__main__"
    )
    return [module for module in modules if hasattr(module, "NAME")]
