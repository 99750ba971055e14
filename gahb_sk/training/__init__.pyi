from ._data import StackSource as StackSource
from ._interruption import (
    TrainingInterrupted as TrainingInterrupted,
)
from ._interruption import (
    interruptions_raised as interruptions_raised,
)
from ._machine import Machine as Machine
from ._noise_levels import NOISE_LAWS as NOISE_LAWS
from ._noise_levels import draw_noise_levels as draw_noise_levels
from ._recipes import RECIPES as RECIPES
from ._recipes import Recipe as Recipe
from ._recipes import resolve_recipe as resolve_recipe
from ._train import Setup as Setup
from ._train import run as run
from ._train import train as train
from ._trainer import Trainer as Trainer
