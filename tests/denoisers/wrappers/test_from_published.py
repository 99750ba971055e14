"""Published weights: files of each key layout, made here, give what the layout's network gives."""

import argparse
import pickle
import shutil

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional

from gahb_sk.denoisers import from_published

WIDTH = 6


@pytest.fixture
def source(rng):
    return torch.Generator().manual_seed(int(rng.randint(2**31)))


def draw(source, *shape):
    return torch.randn(shape, generator=source) / max(1, np.sqrt(np.prod(shape[1:])))


def put_conv(state, source, name, before, after, side=3, bias=True):
    state[f"{name}.weight"] = draw(source, after, before, side, side)
    if bias:
        state[f"{name}.bias"] = draw(source, after)


def put_norm(state, source, name, channels):
    state[f"{name}.weight"], state[f"{name}.bias"] = draw(source, 2, channels)
    state[f"{name}.running_mean"] = draw(source, channels)
    state[f"{name}.running_var"] = torch.rand(channels, generator=source) + 0.5
    state[f"{name}.num_batches_tracked"] = torch.tensor(7)


def conv(state, name, x, dilation=1):
    weight = state[f"{name}.weight"]
    padding = dilation * (weight.shape[-1] // 2)
    return functional.conv2d(
        x, weight, state.get(f"{name}.bias"), padding=padding, dilation=dilation
    )


def normalised(state, name, x, eps):
    parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return functional.batch_norm(x, *parts, eps=eps)


# The layouts: each returns a state dict and the network of it, from images and level to images.


def numbered(source, before, after, n_convs, norms=False):
    """Convolutions numbered in a chain, one number for each layer: conv, (norm,) rectifier."""
    state, i = {}, 0
    for k in range(n_convs):
        last = k == n_convs - 1
        put_conv(state, source, f"model.{i}", WIDTH if k else before, after if last else WIDTH)
        if norms and 0 < k and not last:
            put_norm(state, source, f"model.{i + 1}", WIDTH)
            i += 1
        i += 2
    return state


def chain(state, x, dilations=None):
    numbers = sorted({int(name.split(".")[1]) for name in state})
    convs = [i for i in numbers if state[f"model.{i}.weight"].ndim == 4]
    for k, i in enumerate(convs):
        x = conv(state, f"model.{i}", x, dilations[k] if dilations else 1)
        if f"model.{i + 1}.running_var" in state:
            x = normalised(state, f"model.{i + 1}", x, 1e-4)
        x = x if i == convs[-1] else x.relu()
    return x


def dncnn(source, channels):
    state = numbered(source, channels, channels, 5)
    return state, lambda y, s: y - chain(state, y)


def dncnn_with_norms(source, channels):
    state = numbered(source, channels, channels, 5, norms=True)
    return state, lambda y, s: y - chain(state, y)


def ircnn(source, channels):
    state = numbered(source, channels, channels, 7)
    return state, lambda y, s: y - chain(state, y, (1, 2, 3, 4, 3, 2, 1))


def ffdnet(source, channels):
    state = numbered(source, 4 * channels + 1, 4 * channels, 4)

    def network(y, s):
        small = torch.cat([y[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], dim=1)
        order = [c + channels * k for c in range(channels) for k in range(4)]  # colours first
        level = s.view(-1, 1, 1, 1).expand(len(y), 1, *small.shape[-2:])
        out = chain(state, torch.cat([small[:, order], level], dim=1))
        whole = torch.empty_like(y)
        for k, (i, j) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            whole[:, :, i::2, j::2] = out[:, k::4]
        return whole

    return state, network


def drunet(source, channels, n_blocks=2):
    state, widths = {}, (4, 5, 6, 7)

    def put_blocks(name, width, first):
        for i in range(first, first + n_blocks):
            for k in (0, 2):
                put_conv(state, source, f"{name}.{i}.res.{k}", width, width, bias=False)

    put_conv(state, source, "m_head", channels + 1, widths[0], bias=False)
    for k in (1, 2, 3):
        put_blocks(f"m_down{k}", widths[k - 1], 0)
        put_conv(state, source, f"m_down{k}.{n_blocks}", widths[k - 1], widths[k], 2, bias=False)
        state[f"m_up{k}.0.weight"] = draw(source, widths[k], widths[k - 1], 2, 2)
        put_blocks(f"m_up{k}", widths[k - 1], 1)
    put_blocks("m_body", widths[3], 0)
    put_conv(state, source, "m_tail", widths[0], channels, bias=False)

    def blocks(name, x, first):
        for i in range(first, first + n_blocks):
            x = x + conv(state, f"{name}.{i}.res.2", conv(state, f"{name}.{i}.res.0", x).relu())
        return x

    def network(y, s):
        level = s.view(-1, 1, 1, 1).expand(len(y), 1, *y.shape[-2:])
        skips = [conv(state, "m_head", torch.cat([y, level], dim=1))]
        for k in (1, 2, 3):
            x = blocks(f"m_down{k}", skips[-1], 0)
            skips.append(functional.conv2d(x, state[f"m_down{k}.{n_blocks}.weight"], stride=2))
        x = blocks("m_body", skips[3], 0)
        for k in (3, 2, 1):
            x = functional.conv_transpose2d(x + skips[k], state[f"m_up{k}.0.weight"], stride=2)
            x = blocks(f"m_up{k}", x, 1)
        return conv(state, "m_tail", x + skips[0])

    return state, network


def named(state, source, prefix, before, norms, bias):
    put_conv(state, source, f"{prefix}first_layer", before, WIDTH, bias=bias)
    for i in range(3):
        put_conv(state, source, f"{prefix}hidden_layer_list.{i}", WIDTH, WIDTH, bias=bias)
        if norms:
            put_norm(state, source, f"{prefix}bn_layer_list.{i}", WIDTH)
    put_conv(state, source, f"{prefix}last_layer", WIDTH, 1, bias=bias)


def backbone(state, prefix, x, norm=None):
    x = conv(state, f"{prefix}first_layer", x).relu()
    for i in range(3):
        x = conv(state, f"{prefix}hidden_layer_list.{i}", x)
        x = x if norm is None else norm(f"{prefix}bn_layer_list.{i}", x)
        x = x.relu()
    return conv(state, f"{prefix}last_layer", x)


def bf_dncnn(source, channels):
    """Its norm divides by the deviation plus eps, and has neither mean nor bias."""
    state: dict = {}
    named(state, source, "", 1, norms=True, bias=False)

    def norm(name, x):
        scale = state[f"{name}.weight"] / (state[f"{name}.running_var"].sqrt() + 1e-5)
        return x * scale.view(1, -1, 1, 1)

    return state, lambda y, s: y - backbone(state, "", y, norm)


def dncnn_with_bias(source, channels):
    state: dict = {}
    named(state, source, "", 1, norms=True, bias=True)
    norm = lambda name, x: normalised(state, name, x, 1e-5)  # noqa: E731
    return state, lambda y, s: y - backbone(state, "", y, norm)


def bf_recurrent_cnn(source, channels):
    state: dict = {}
    named(state, source, "cnn.", 2, norms=False, bias=False)

    def network(y, s):
        out = y
        for _ in range(4):
            out = backbone(state, "cnn.", torch.cat([y, out], dim=1))
        return out

    return state, network


def bf_unet(source, channels):
    state: dict = {}
    sizes = {1: (1, 4, 5), 2: (4, 4, 3), 3: (4, 6, 3), 4: (6, 6, 3), 5: (6, 6, 3), 6: (6, 6, 3)}
    for i, (before, after, side) in {**sizes, 8: (10, 4, 3), 9: (4, 1, 5)}.items():
        put_conv(state, source, f"conv{i}", before, after, side, bias=False)
    state["conv7.weight"] = draw(source, 6, 6, 4, 4)

    def network(y, s):
        skip = conv(state, "conv2", conv(state, "conv1", y).relu()).relu()
        x = functional.conv2d(skip, state["conv3.weight"], stride=2, padding=1).relu()
        for name, dilation in (("conv4", 1), ("conv5", 2), ("conv6", 4)):
            x = conv(state, name, x, dilation).relu()
        x = functional.conv_transpose2d(x, state["conv7.weight"], stride=2, padding=1).relu()
        return conv(state, "conv9", conv(state, "conv8", torch.cat([x, skip], dim=1)).relu())

    return state, network


CASES = [
    *((dncnn, "dncnn", c) for c in (1, 3)),
    (dncnn_with_norms, "dncnn", 1),
    *((ircnn, "ircnn", c) for c in (1, 3)),
    *((ffdnet, "ffdnet", c) for c in (1, 3)),
    *((drunet, "drunet", c) for c in (1, 3)),
    (bf_dncnn, "bf_dncnn", 1),
    (dncnn_with_bias, "bf_dncnn", 1),
    (bf_recurrent_cnn, "bf_recurrent_cnn", 1),
    (bf_unet, "bf_unet", 1),
]


@pytest.mark.parametrize(("layout", "architecture", "channels"), CASES)
def test_files_of_a_layout_give_its_network(layout, architecture, channels, source, tmp_path):
    state, network = layout(source, channels)
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "it.pth")
    y = torch.rand(2, channels, 16, 24, generator=source)
    s = torch.tensor([0.1, 0.3])
    for name in (architecture, None) if layout is not ircnn else (architecture,):
        denoiser = from_published(tmp_path / "it.pth", name)
        assert_allclose(
            denoiser.denoise(y, None if denoiser.blind else s), network(y, s), atol=1e-5
        )


def test_the_jacobian_of_a_read_network_is_exact(source, tmp_path):
    """A bias-free network equals its Jacobian times its input."""
    for layout in (bf_dncnn, bf_recurrent_cnn, bf_unet):
        torch.save(layout(source, 1)[0], tmp_path / "it.pt")
        denoiser = from_published(tmp_path / "it.pt")
        y = torch.rand(9, 7, generator=source).double().numpy()
        found = denoiser.linearize(y) @ y.ravel()
        assert_allclose(found, denoiser.denoise(y[None]).ravel(), atol=1e-5)


class Scheduler:
    """Of a class that is not loaded."""

    def __init__(self):
        self.base_lrs = [0.1]


class Evil:
    def __reduce__(self):
        return shutil.copy, ("it.pt", "evil")


@pytest.mark.parametrize("zipped", [True, False])  # since torch 1.6, and before
def test_more_than_tensors(zipped, source, tmp_path, monkeypatch):
    """Tensors are read, the rest is named, nothing is run."""
    monkeypatch.chdir(tmp_path)
    state, network = bf_dncnn(source, 1)
    if not zipped:
        state = {key: v for key, v in state.items() if not key.endswith("num_batches_tracked")}
    checkpoint = {
        "step": 3,
        "model": [state],
        "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}},
        "scheduler": Scheduler(),
        "args": argparse.Namespace(lr=1e-3),
        "evil": Evil(),
    }
    torch.save(checkpoint, "it.pt", _use_new_zipfile_serialization=zipped)
    left_out = r"left out step \(int\), optimizer \(dict\), scheduler \(.*Scheduler\), args \(argpa"
    with pytest.warns(UserWarning, match=left_out):
        denoiser = from_published("it.pt")
    y = torch.rand(1, 1, 8, 8, generator=source)
    assert_allclose(denoiser.denoise(y), network(y, None), atol=1e-5)
    assert not (tmp_path / "evil").exists()


def test_several_and_none(source, tmp_path):
    path = tmp_path / "it.pt"
    first, second = (ircnn(source, 1) for _ in range(2))
    torch.save({"0": first[0], "1": second[0]}, path)
    y = torch.rand(1, 1, 8, 8, generator=source)
    with pytest.raises(ValueError, match=r"choose one by entry=\['0', '1'\]"):
        from_published(path, "ircnn")
    with pytest.warns(UserWarning, match=r"left out 0 \(dict\)"):
        denoiser = from_published(path, "ircnn", entry="1")
    assert_allclose(denoiser.denoise(y), second[1](y, None), atol=1e-5)
    torch.save(first[0], path)
    with pytest.raises(ValueError, match=r"name one by architecture=\['dncnn', 'ircnn'\]"):
        from_published(path)
    with pytest.raises(ValueError, match="expected a state dict of a known layout"):
        from_published(path, "drunet")
    with pytest.raises(ValueError, match="Unknown architecture 'dcnn'. Did you mean 'dncnn'"):
        from_published(path, "dcnn")
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ValueError, match="cannot be read"):
        from_published(path)


@pytest.mark.parametrize("change", ["lacks", "unknown", "of shape", "NaN"])
def test_every_key_shape_and_value_is_checked(change, source, tmp_path):
    state, _ = drunet(source, 1)
    if change == "lacks":
        del state["m_up2.1.res.0.weight"]
    elif change == "unknown":
        state["more"] = torch.zeros(1)
    elif change == "of shape":
        state["m_tail.weight"] = torch.zeros(1, 4, 5, 5)
    else:
        state["m_tail.weight"] = torch.full((1, 4, 3, 3), torch.nan)
    torch.save(state, tmp_path / "it.pth")
    with pytest.raises(ValueError, match=change):
        from_published(tmp_path / "it.pth")
