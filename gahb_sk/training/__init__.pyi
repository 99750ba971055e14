from ._data import StackSource as StackSource
from ._interruption import (
    TrainingInterrupted as TrainingInterrupted,
    interruptions_raised as interruptions_raised,
)
from ._machine import Machine as Machine
from ._noise_levels import NOISE_LAWS as NOISE_LAWS, draw_noise_levels as draw_noise_levels
from ._recipes import RECIPES as RECIPES, Recipe as Recipe, resolve_recipe as resolve_recipe
from ._train import Setup as Setup, run as run, train as train
from ._trainer import Trainer as Trainer
