from ._pair_plans import PAIRS as PAIRS
from ._pair_plans import PairPlan as PairPlan
from ._paper_figure import (
    Check as Check,
)
from ._paper_figure import (
    Outcome as Outcome,
)
from ._paper_figure import (
    PaperFigure as PaperFigure,
)
from ._paper_figure import (
    Setup as Setup,
)
from ._plans import PLANS as PLANS
from ._plans import Plan as Plan
from ._registry import (
    all_figures as all_figures,
)
from ._registry import (
    figure_numbers as figure_numbers,
)
from ._registry import (
    get_figure as get_figure,
)
from ._reproduce import (
    RECORD as RECORD,
)
from ._reproduce import (
    Reproduction as Reproduction,
)
from ._reproduce import (
    is_done as is_done,
)
from ._reproduce import (
    reproduce as reproduce,
)
from ._reproduce import (
    write_reproduction as write_reproduction,
)
from ._shipped import compare_with_shipped as compare_with_shipped
from ._shipped import read_table as read_table
from ._train_network import train_pretrained as train_pretrained
from ._train_pairs import load_pair_images as load_pair_images
from ._train_pairs import train_pairs as train_pairs
