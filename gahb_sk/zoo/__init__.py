"""Shipped weights: one folder each, with a card, and the plans that trained them.

``_plans.py`` says what each network is trained on, ``_training.py`` trains one and writes its card,
``_pair_plans.py`` and ``_pairs.py`` do so for pairs of small networks on disjoint sets,
``_pretrained.py`` lists and loads networks, ``_hub.py`` shares folders of the same format.
"""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_hub": ["pull_pretrained", "push_pretrained"],
        "_pair_plans": ["PAIRS", "PairPlan"],
        "_pairs": ["load_pair_images", "load_pairs", "train_pairs"],
        "_plans": ["PLANS", "Plan"],
        "_pretrained": ["list_pairs", "list_pretrained", "load_pretrained", "read_card"],
        "_training": ["train_pretrained"],
    },
)
