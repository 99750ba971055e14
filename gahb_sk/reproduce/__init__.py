"""The paper's figures reproduced at reduced scale: a file of this package is a figure.

A file ``_figure_04.py`` with ``FIGURE``, a :class:`PaperFigure`, is found by itself. It says what
the paper reports, by what criterion it counts as reproduced, which networks of the zoo it needs,
and how to compute and draw it. ``results/`` holds the tables of the last release, which every new
run is compared with.
"""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_paper_figure": ["Check", "Outcome", "PaperFigure", "Setup"],
        "_pair_plans": ["PAIRS", "PairPlan"],
        "_plans": ["PLANS", "Plan"],
        "_registry": ["all_figures", "figure_numbers", "get_figure"],
        "_reproduce": ["RECORD", "Reproduction", "is_done", "reproduce", "write_reproduction"],
        "_train_network": ["train_pretrained"],
        "_train_pairs": ["load_pair_images", "train_pairs"],
        "_shipped": ["compare_with_shipped", "read_table"],
    },
)
