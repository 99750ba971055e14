"""List the networks that are installed, or show one: its images, training and PSNR."""

import numpy as np

from gahb_sk.zoo import list_pairs, list_pretrained, read_card

EXAMPLE = "gahb-sk info c-alpha-2"
_TRAINING = {"images_seen": "{:,} images seen{each}", "minutes": "in {} minutes",
             "threads": "on {} thread(s)", "version": "with gahb_sk {}"}  # fmt: skip
_ROWS = 10  # of a learning curve


def add_arguments(parser):
    """Add the arguments of ``gahb-sk info``."""
    parser.add_argument(
        "network", nargs="?", metavar="NAME", help="one of them, or a folder with a card"
    )


def run(args):
    """Print the list, or one card."""
    if args.network is not None:
        card = read_card(args.network)
        print(_pairs_card(card) if "n_train" in card else _card(card))
        return 0
    levels = {}
    for name in list_pretrained():
        card = read_card(name)
        print(f"{name:22s} {_row(card['psnr']['network'])}   {card['text']}")
        levels.setdefault(tuple(card["sigma"]), []).append(name)
    most = max(levels, key=lambda sigma: len(levels[sigma]))
    print("PSNR in dB at noise levels", "; ".join([_listed(most), *(
        f"of {', '.join(names)} at {_listed(sigma, '.3g')}"
        for sigma, names in levels.items() if sigma != most
    )]))  # fmt: skip
    for name in list_pairs():
        card = read_card(name)
        numbers = ", ".join(f"{n:,}" for n in card["n_train"])
        print(f"{name:22s} pairs of networks for N = {numbers}   {card['text']}")
    return 0


def _head(card, each=""):
    """Say what the card knows of the training; those of ``gahb-sk train`` lack some of it."""
    training = [text.format(card[key], each=each) for key, text in _TRAINING.items() if key in card]
    lines = [": ".join(card[key] for key in ("name", "text") if key in card)]
    if training:
        lines.append(" ".join(training) + ".")
    if "command" in card:
        lines += ["To reproduce:", f"  {card['command']}"]
    return [*lines, *_sides(card)]


def _sides(card):
    if "sides_tested" not in card:
        return []
    low, high = card["sides_tested"]
    return [f"Tested on images of {low} to {high} pixels a side" if low < high
            else f"Tested on images of {low} pixels a side"]  # fmt: skip


def _pairs_card(card):
    lines = [
        *_head(card, " by each network, all"),
        "Two networks for each number N of training images, on disjoint sets. Mean PSNR in dB at "
        f"noise levels {_listed(card['sigma'])},",
        f"on {card['n_test_images']} noisy images of their own and as many new ones",
        f"{'N':>18s}  train   test",
    ]
    for n, *psnrs in zip(card["n_train"], card["train_psnr"], card["test_psnr"], strict=True):
        lines.append(f"{n:18,d} {_row(psnrs)}")
    if "rivals" in card:
        lines.append(f"Others on the first {card['rivals']['n_images']} of the new ones")
        for label, psnrs in _best_first(card["rivals"]["psnr"]):
            lines.append(f"{label:>18s}        {np.mean(psnrs):6.2f}")
    return "\n".join(lines)


def _card(card):
    more = len(card.get("photographs", ()))
    lines = _head(card, f", also of {more} more photograph(s)," * bool(more))
    if "psnr" in card:
        number = f"{card['n_test_images']} " if "n_test_images" in card else ""
        lines += [
            f"PSNR in dB on {number}test images at noise level",
            _levels(card.get("sigma", ()), width := max(18, 1 + max(map(len, card["psnr"])))),
        ]
        lines += [f"{label:{width}s}{_row(psnr)}" for label, psnr in _best_first(card["psnr"])]
    return "\n".join([*lines, *_history(card.get("history")), *_last_gain(card)])


def _history(history):
    """Show the learning curve of ``gahb-sk train``: some epochs, with the last and the best."""
    if not history:
        return []
    psnr = np.array([record["psnr"] for record in history], float)
    best = int(np.nan_to_num(psnr.sum(axis=1), nan=-np.inf).argmax())
    shown = {*np.linspace(0, len(history) - 1, _ROWS).round().astype(int).tolist(), best}
    rows = [
        f"{history[k]['images']:>11,} images{_row(psnr[k])}" + "  best" * (k == best)
        for k in sorted(shown)
    ]
    return ["PSNR in dB on held-out images at noise level", _levels(history[-1]["sigma"]), *rows]


def _levels(sigmas, width=18):
    return " " * width + " ".join(f"{sigma:6.3g}" for sigma in sigmas)


def _best_first(psnr):
    return sorted(psnr.items(), key=lambda item: -sum(item[1]))


def _last_gain(card):
    """Say what the last tenth of the training brought, on the images that came in it."""
    curve = card.get("learning_curve", {"psnr": []})
    psnr = np.array(curve["psnr"], float)
    tenth = len(psnr) // 10
    if not tenth:
        return []
    gain = psnr[-tenth:].mean(axis=0) - psnr[-2 * tenth : -tenth].mean(axis=0)
    gains, levels = _listed(gain, "+.2f"), _listed(curve["sigma"], ".3g")
    return [f"The last tenth of the training gained {gains} dB near noise levels {levels}."]


def _listed(values, spec="g"):
    return ", ".join(f"{value:{spec}}" for value in values)


def _row(values):
    return " ".join(f"{value:6.2f}" for value in values)
