"""Print a script by which the shell completes commands and options.

For bash add the line eval "$(gahb-sk completion bash)" to ~/.bashrc, for zsh the same with zsh to
~/.zshrc. For fish write the output to ~/.config/fish/completions/gahb-sk.fish.
"""

import argparse
import importlib
import re

EXAMPLE = "gahb-sk completion bash"

BASH = """\
_gahb_sk() {{
    local words
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{commands} --help --version"
    elif [[ "${{COMP_WORDS[COMP_CWORD]}}" != -* ]]; then
        words=""  # of files
    fi
    COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _gahb_sk gahb-sk
"""
ZSH = """\
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
autoload -Uz bashcompinit && bashcompinit
"""


def add_arguments(parser):
    """Add the arguments of ``gahb-sk completion``."""
    parser.add_argument("shell", choices=[*SHELLS], help="whose script")


def run(args):
    """Print the script."""
    print(SHELLS[args.shell](_options()), end="")
    return 0


def _options():
    """Return the options of each command."""
    from gahb_sk.cli import COMMANDS

    options = {}
    for name in COMMANDS:
        parser = argparse.ArgumentParser()
        importlib.import_module(f"gahb_sk.cli._{name}").add_arguments(parser)
        usage = parser.format_usage()
        options[name] = sorted({*re.findall(r"--[a-z][a-z-]*", usage), "--help", "--config"})
    return options


def _bash(options):
    cases = [f'        {name}) words="{" ".join(found)}" ;;' for name, found in options.items()]
    return BASH.format(cases="\n".join(cases), commands=" ".join(options))


def _zsh(options):
    return ZSH + _bash(options)


def _fish(options):
    lines = [f"complete -c gahb-sk -n __fish_use_subcommand -f -a '{' '.join(options)}'"]
    lines += [
        f"complete -c gahb-sk -n '__fish_seen_subcommand_from {name}' -l {option[2:]}"
        for name, found in options.items()
        for option in found
    ]
    return "\n".join(lines) + "\n"


SHELLS = {"bash": _bash, "fish": _fish, "zsh": _zsh}
