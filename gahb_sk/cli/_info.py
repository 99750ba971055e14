"""List the networks that come with the package, or show one: its images, training and PSNR."""

from gahb_sk.zoo import list_pretrained, read_card

NAME = "info"
HELP = "the networks that come with the package"
EXAMPLE = "gahb-sk info c-alpha-2"


def add_arguments(parser):
    """Add the arguments of ``gahb-sk info``."""
    parser.add_argument(
        "network", nargs="?", metavar="NAME", help="one of them, or a folder with a card"
    )


def run(args):
    """Print the list, or one card."""
    if args.network is not None:
        print(_card(read_card(args.network)))
        return 0
    for name in list_pretrained():
        card = read_card(name)
        levels = _row(card["psnr"]["network"])
        print(f"{name:22s} {levels}   {card['text']}")
    print("PSNR in dB at noise levels", ", ".join(f"{sigma:g}" for sigma in card["sigmas"]))
    return 0


def _card(card):
    lines = [
        f"{card['name']}: {card['text']}",
        f"{card['images_seen']:,} images seen in {card['minutes']} minutes on {card['threads']} "
        f"thread(s); gahb_sk {card['version']}. To do it again:",
        f"  {card['command']}",
        f"PSNR in dB on {card['n_test_images']} test images at noise level",
        f"{'':18s}" + " ".join(f"{sigma:6g}" for sigma in card["sigmas"]),
    ]
    best_first = sorted(card["psnr"].items(), key=lambda item: -sum(item[1]))
    lines += [f"{label:18s}{_row(values)}" for label, values in best_first]
    return "\n".join(lines)


def _row(values):
    return " ".join(f"{value:6.2f}" for value in values)
