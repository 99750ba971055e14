"""Settings of a command as a TOML file: written beside the results, read back by ``--config``."""

import argparse
import json
import shlex
import tomllib
from pathlib import Path

from gahb_sk import __version__
from gahb_sk._files import write_text

FILE = "settings.toml"
_NOT_SETTINGS = ("command", "run", "config")


def add_config(parser):
    """Add ``--config`` to a command."""
    parser.add_argument(
        "--config", metavar="FILE.toml", help="settings, such as a result's settings.toml; what "
        "is typed as well counts first"
    )  # fmt: skip


def apply_config(parser, command, words):
    """Make the settings of the file that ``words`` name the defaults of a command's parser."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("--config", nargs="?")
    file = finder.parse_known_args(words)[0].config
    if file is None:
        return
    try:
        settings = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        _check_command(settings.pop("command", command), command)
        for name, value in settings.items():
            _set_default(parser, name.replace("-", "_"), value)
    except (OSError, ValueError, argparse.ArgumentTypeError) as error:
        parser.error(f"--config {file}: {error}")


def save_settings(args):
    """Write the settings of a finished command into its folder; a single file gets none."""
    output = getattr(args, "output", None)
    if output is None or not Path(output).is_dir():
        return
    path = Path(output) / FILE
    # Elsewhere, since commands refuse a folder that holds results.
    again = f"gahb-sk {args.command} --config {shlex.quote(str(path))} --output ELSEWHERE"
    lines = [f"# gahb-sk {__version__}. Again, from the same folder: {again}"]
    lines.append(f"command = {json.dumps(args.command)}")
    for name, value in vars(args).items():
        if name not in _NOT_SETTINGS and value is not None and value != []:
            # Strings, numbers and lists of JSON are TOML, too.
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    write_text(path, "\n".join(lines) + "\n")


def command_of(file):
    """Return the command whose settings a file holds; None if it holds none."""
    try:
        return tomllib.loads(Path(file).read_text(encoding="utf-8")).get("command")
    except (OSError, ValueError):  # somebody else's
        return None


def _check_command(found, command):
    if found != command:
        raise ValueError(f"these are settings of gahb-sk {found}")


def _set_default(parser, name, value):
    """Set one default; it is read as if it had been typed."""
    from gahb_sk._validation import check_name  # it loads scikit-learn

    actions = {one.dest: one for one in parser._actions if one.dest not in ("help", "config")}
    action = actions[check_name(name, actions, "setting")]
    if isinstance(action.const, bool):
        if not isinstance(value, bool):
            raise ValueError(f"{name}: expected true or false, got {value!r}")
    elif isinstance(value, list):
        value = [_read(action, one) for one in value]
    else:
        value = _read(action, value)
        value = [value] if action.nargs in ("+", "*") else value
    parser.set_defaults(**{name: value})
    action.required = False
    if not action.option_strings:  # of a positional argument only this makes it optional
        action.nargs = "*" if isinstance(value, list) else "?"


def _read(action, value):
    read = action.type or str
    try:
        value = read(str(value))
    except (TypeError, ValueError):
        raise ValueError(f"{action.dest}: invalid value {value!r}") from None
    if action.choices is not None and value not in action.choices:
        raise ValueError(f"{action.dest}: expected one of {', '.join(action.choices)}")
    return value
