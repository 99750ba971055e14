from ._pair_plans import PAIR_SCALES as PAIR_SCALES, PAIRS as PAIRS, PairPlan as PairPlan
from ._paper_figure import (
    Check as Check,
    Outcome as Outcome,
    PaperFigure as PaperFigure,
    Setup as Setup,
)
from ._plans import PLANS as PLANS, SCALES as SCALES, Plan as Plan
from ._registry import (
    all_figures as all_figures,
    figure_numbers as figure_numbers,
    get_figure as get_figure,
)
from ._reproduce import (
    RECORD as RECORD,
    Reproduction as Reproduction,
    is_done as is_done,
    reproduce as reproduce,
    write_reproduction as write_reproduction,
)
from ._shipped import compare_with_shipped as compare_with_shipped, read_table as read_table
from ._train_network import train_pretrained as train_pretrained
from ._train_pairs import load_pair_images as load_pair_images, train_pairs as train_pairs
