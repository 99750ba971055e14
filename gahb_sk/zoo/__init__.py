"""Weights that come with the package, one folder each, with a card: listed, loaded, shared."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_hub": ["pull_pretrained", "push_pretrained"],
        "_pairs": ["load_pairs"],
        "_pretrained": ["list_pairs", "list_pretrained", "load_pretrained", "read_card"],
    },
)
