"""The command line: a subcommand is a file of this room.

``COMMANDS`` names them. Each is a file ``_name.py`` with ``EXAMPLE``, ``add_arguments(parser)`` and
``run(args) -> int``, imported when its command is given. Exit codes: 0 done, 1 something was wrong
with the input (one line on stderr says what), 2 wrong usage.
"""

import argparse
import importlib
import os
import signal
import sys
import threading

from gahb_sk import __version__
from gahb_sk.cli._settings import add_config, apply_config, save_settings

COMMANDS = {
    "audit": "say on one page what a denoiser is: how good, how, and why",
    "completion": "print a script by which the shell completes commands",
    "compare": "compare denoisers on a class of images or on a folder of your own",
    "demo": "the main job on two classes of images, in five minutes",
    "denoise": "denoise photographs: files and folders, any size and depth",
    "doctor": "check this machine: versions, devices, a self-test, what to install",
    "generate": "write images of a class to a .npy file",
    "info": "the networks that are installed",
    "reproduce": "reproduce figures of the paper",
    "restore": "restore an image from linear measurements with a denoiser as the prior",
    "train": "train a network on your own images",
    "sample": "draw images from a denoiser's implicit prior",
}
# RuntimeError is what torch raises of devices: none such, out of memory, an operation it lacks.
ERRORS = (
    ValueError, TypeError, ArithmeticError, OSError, ImportError, MemoryError, RuntimeError,
)  # fmt: skip


def main(argv=None):
    """Run the command line; return 0 or 1. Wrong usage raises ``SystemExit(2)``, as in argparse."""
    args = build_parser().parse_args(argv)
    try:
        code = args.run(args)
        if code == 0:
            save_settings(args)
        return code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        raise
    except ERRORS as error:
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"gahb-sk {args.command}: {message}", file=sys.stderr)
    return 1


class _CommandParser(argparse.ArgumentParser):
    """Parser of one command; its file is imported when the command is given."""

    def parse_known_args(self, args=None, namespace=None):
        module = importlib.import_module(f"{__name__}._{self.command}")
        self.description, self.epilog = module.__doc__, f"example:\n  {module.EXAMPLE}"
        module.add_arguments(self)
        add_config(self)
        apply_config(self, self.command, sys.argv[1:] if args is None else args)
        self.set_defaults(run=module.run)
        return super().parse_known_args(args, namespace)


def build_parser():
    """Return the parser of all subcommands."""
    parser = argparse.ArgumentParser(
        prog="gahb-sk",
        description="Compare learned, classical and optimal image denoisers.",
        epilog="Each command has its own help and an example: gahb-sk compare --help",
    )
    parser.add_argument("--version", action="version", version=f"gahb-sk {__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=_CommandParser
    )
    for name, text in COMMANDS.items():
        commands.add_parser(
            name, help=text, formatter_class=argparse.RawDescriptionHelpFormatter
        ).command = name
    return parser


def entry_point():
    """Run the command line and exit the process with its code.

    Ctrl-C ends it with one line at any time, also while the commands are imported, and so does
    SIGTERM. Nothing is said if who reads the output has read enough, as ``head`` does.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "pthread_kill"):  # not on Windows
        sys.unraisablehook = _raise_interrupts_again
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started the command
            setattr(sys, name, open(os.devnull, "w"))
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _interrupted()
    except BrokenPipeError:
        code = 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushed again at the end
    sys.exit(code)


def _raise_interrupts_again(unraisable):
    """Raise Ctrl-C once more if it came in a callback, which ignores errors.

    Each import ends with such a callback, where Ctrl-C had no effect.
    """
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        # Not SIGINT, which a shell makes its background jobs ignore.
        here = threading.main_thread().ident, signal.SIGTERM
        threading.Timer(0.1, signal.pthread_kill, here).start()  # after this hook
    else:
        sys.__unraisablehook__(unraisable)


def _interrupted():
    print("gahb-sk: interrupted; no half-written file was left.", file=sys.stderr)
    return 1
