from ._audit._audit import audit as audit
from ._audit._result import Audit as Audit, Section as Section, Verdict as Verdict
from ._basis_alignment import basis_alignment as basis_alignment
from ._basis_spectra import basis_spectra as basis_spectra
from ._capacity_curve import capacity_curve as capacity_curve, images_needed as images_needed
from ._closest_images import closest_images as closest_images
from ._clustered import clustered_mean as clustered_mean, verdict as verdict
from ._compare import compare_denoisers as compare_denoisers
from ._comparison import Comparison as Comparison
from ._gap_summary import summarize_gaps as summarize_gaps
from ._generalization_curve import (
    GeneralizationCurve as GeneralizationCurve,
    generalization_curve as generalization_curve,
)
from ._league import Calibration as Calibration, calibrate as calibrate, league as league
from ._loss_parts import LossParts as LossParts, loss_parts as loss_parts
from ._memorization_test import (
    MemorizationTest as MemorizationTest,
    memorization_test as memorization_test,
)
from ._nearest_distances import (
    DistanceDivergence as DistanceDivergence,
    distance_divergence as distance_divergence,
)
from ._optimality_gap import optimality_gap as optimality_gap
from ._posterior_gap import posterior_gap as posterior_gap
from ._risk_estimates import risk_estimates as risk_estimates
from ._sample_pairs import SamplePairs as SamplePairs
from ._table import Table as Table
from ._training_curve import TrainingCurve as TrainingCurve, training_curve as training_curve
