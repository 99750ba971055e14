"""Denoisers as the command line writes them: ``Name`` or ``Name(parameter=value, ...)``."""

import argparse
import ast
import inspect
import os
from pathlib import Path

from gahb_sk._validation import did_you_mean
from gahb_sk.cli._arguments import fraction
from gahb_sk.denoisers import all_denoisers, as_denoiser
from gahb_sk.networks import ARCHITECTURES
from gahb_sk.zoo import list_pretrained

_WRAPPED = {"denoiser", "colors", "other"}  # parameters that are denoisers


class _InnerError(ValueError):
    """What is wrong with a denoiser inside of another."""


def parse_denoiser(text):
    """Build a denoiser from the name or folder of a saved network, or a class name with literals.

    As in ``"WaveletShrinkage(wavelet='db2')"``, with an architecture,
    ``"NetworkDenoiser(network=UNet(channels=8))"``, or with another denoiser,
    ``"VarianceStabilized(denoiser='photographs')"``. Nothing is evaluated.
    """
    if is_saved_network(text):
        return as_denoiser(text)
    name, keywords = parse_call(text) if text.rstrip().endswith(")") else (text.strip(), {})
    cls = _class_of(name)
    parameters = inspect.signature(cls).parameters
    legal = list(parameters)
    for key in keywords:
        if key not in legal:
            raise ValueError(
                f"--denoisers: {name} has no parameter {key!r}.{did_you_mean(key, legal)} "
                f"It takes: {', '.join(legal)}."
            )
    required = [
        key
        for key, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and key not in keywords
    ]
    if required:
        listed, given = ", ".join(required), set(required) <= _WRAPPED
        how = f"a denoiser: {name}({required[0]}=...)" if given else "which the command line lacks"
        raise ValueError(f"--denoisers: {name} needs {listed}, {how}.")
    for key in _WRAPPED & set(keywords):
        if isinstance(keywords[key], str):
            keywords[key] = parse_denoiser(keywords[key])
    return cls(**keywords)


def _class_of(name):
    classes, networks = all_denoisers(), list_pretrained()
    if len(Path(name).parts) > 1 or name.endswith(("/", os.sep)):
        raise ValueError(f"--denoisers: There is no folder {name!r}.")
    if name not in classes:
        hint = did_you_mean(name, [*networks, *classes]) or (
            f" Denoisers are {', '.join(classes)}; gahb-sk info lists the networks."
        )
        raise ValueError(f"--denoisers: there is no network, folder or denoiser {name!r}.{hint}")
    return classes[name]


def is_saved_network(text):
    """Tell whether a text is a folder, or a network that comes with the package."""
    return Path(text).is_dir() or text in list_pretrained()


def parse_call(text):
    """Return the name and the keyword arguments that a text stands for."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
        call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
        if not isinstance(call.func, ast.Name) or call.args:
            raise ValueError("not a name with keyword arguments")
        values = {key.arg or "**": _value(key.value) for key in call.keywords}
        if len(values) < len(call.keywords):
            raise ValueError("a parameter is given twice")
        return call.func.id, values
    except _InnerError:
        raise
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            "--denoisers: expected Name or Name(parameter=value, ...) with plain values, got "
            f"{text!r}."
        ) from error


def _value(node):
    """Return what a literal, a fraction or an architecture stands for."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        try:
            return fraction(ast.unparse(node))
        except argparse.ArgumentTypeError as error:
            raise ValueError(str(error)) from error
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) in all_denoisers():
        try:
            return parse_denoiser(ast.unparse(node))
        except ValueError as error:
            raise _InnerError(str(error)) from error
    architectures = {cls.__name__: cls for cls in ARCHITECTURES.values()}
    if isinstance(node, ast.Call) and getattr(node.func, "id", None) in architectures:
        settings = {key.arg: _value(key.value) for key in node.keywords}
        cls = architectures[node.func.id]
        if node.args or not set(settings) <= set(inspect.signature(cls).parameters):
            raise ValueError("not parameters of an architecture")
        return cls(**settings)
    return ast.literal_eval(node)


def parse_network(text):
    """Return the name of an architecture, or the architecture that ``"UNet(channels=8)"`` names."""
    if text in ARCHITECTURES:
        return text
    try:
        network = _value(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        network = None
    if not hasattr(network, "build"):
        names = [cls.__name__ for cls in ARCHITECTURES.values()]
        raise ValueError(
            f"--network: expected one of {list(ARCHITECTURES)}, or an architecture with its "
            f"parameters such as {names[0]}(...), got {text!r}."
        )
    return network


def parse_denoisers(texts):
    """Build several denoisers by name; the arguments distinguish two of one class."""
    denoisers = {}
    names = [text if is_saved_network(text) else text.partition("(")[0].strip() for text in texts]
    for text, name in zip(texts, names, strict=True):
        label = name if names.count(name) == 1 else " ".join(text.split())
        if label in denoisers:
            raise ValueError(f"--denoisers: {text!r} is given twice.")
        denoisers[label] = parse_denoiser(text)
    return denoisers


def describe(denoiser):
    """Return a denoiser with all its parameters as text."""
    values = ", ".join(f"{key}={value!r}" for key, value in denoiser.get_params().items())
    return f"{type(denoiser).__name__}({values})"
