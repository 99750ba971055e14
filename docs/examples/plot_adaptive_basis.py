"""
How close is a basis to bandlets?
=================================

The eigenvectors of a denoiser's Jacobian are the basis that it adapts to a noisy image. Here those
of the optimal denoiser for disks, of the best linear one and of wavelet shrinkage are compared with
bases known in advance, and the true error with what the Jacobian says of it.
"""

from gahb_sk import DiskPosteriorMean, WaveletShrinkage, WienerDenoiser, add_gaussian_noise
from gahb_sk.analysis import eigenbasis, harmonicity
from gahb_sk.datasets import make_disk_images
from gahb_sk.denoisers import OracleShrinkage, TangentProjection
from gahb_sk.experiments import basis_alignment, risk_estimates
from gahb_sk.plots import AlignmentDisplay, EigenvectorGridDisplay, RiskDisplay

SIGMA = 0.1
X = make_disk_images(300, 16, random_state=0)
clean, noisy = X[0], add_gaussian_noise(X[:1], SIGMA, random_state=1)[0]
optimum = DiskPosteriorMean().fit(X)
basis = eigenbasis(optimum, noisy, 15, sigma=SIGMA, clean=clean)
print(f"effective dimension {basis.effective_dimension:.2f}: a disk has five parameters")
print("harmonicity", harmonicity(basis.vectors[:5], clean).total.round(2))
EigenvectorGridDisplay.from_basis(
    basis, n_vectors=10, images={"clean": clean, "noisy": noisy}
).plot()

# %%
# At low noise the first five vectors of the optimum span the tangent space of the class. Wavelets
# and bandlets, even those of an oracle, know nothing of disks.
denoisers = {
    "optimum": optimum,
    "Wiener": WienerDenoiser().fit(X),
    "wavelets": WaveletShrinkage(threshold=1.5).fit(X),
}
references = {
    "tangents": TangentProjection(),
    "oracle bandlets": OracleShrinkage(basis="bandlet"),
    "oracle wavelets": OracleShrinkage(),
}
table = basis_alignment(denoisers, X[:3], [0.02], [1, 2, 3, 4, 5], references=references)
AlignmentDisplay.from_table(table, denoiser="optimum").plot()

# %%
# SURE needs no clean images and is right on average for all; the error of the optimum is far below
# its fluctuations, so its circles are negative and not shown. The trace of the Jacobian alone is
# right on average for the optimum.
risk = risk_estimates(denoisers, X[:4], [0.03, 0.1, 0.3])
RiskDisplay.from_table(risk).plot()
