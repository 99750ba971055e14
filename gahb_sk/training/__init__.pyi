from ._data import StackSource as StackSource, batches as batches
from ._engines import LocalEngine as LocalEngine
from ._image_errors import OBJECTIVES as OBJECTIVES
from ._interruption import (
    TrainingInterrupted as TrainingInterrupted,
    interruptions_raised as interruptions_raised,
)
from ._machine import Machine as Machine
from ._muon import Muon as Muon
from ._noise_levels import NOISE_LAWS as NOISE_LAWS, draw_noise_levels as draw_noise_levels
from ._objective import Balance as Balance, loss_weights as loss_weights
from ._recipes import (
    FLIPS as FLIPS,
    LOSS_WEIGHTS as LOSS_WEIGHTS,
    OBJECTIVE_NAMES as OBJECTIVE_NAMES,
    PARTS as PARTS,
    RECIPES as RECIPES,
    SCHEDULES as SCHEDULES,
    Recipe as Recipe,
    resolve_recipe as resolve_recipe,
)
from ._train import Setup as Setup, run as run, train as train
from ._trainer import Trainer as Trainer
