"""How well it denoises, beside rivals and the optimum."""

import importlib.util

from gahb_sk.denoisers import BM3DDenoiser, WaveletShrinkage
from gahb_sk.experiments._audit import _verdicts as say
from gahb_sk.experiments._audit._intervals import mean_and_margin
from gahb_sk.experiments._audit._result import Section
from gahb_sk.experiments._table import Table
from gahb_sk.experiments._train_and_test import with_error
from gahb_sk.metrics import input_psnr, psnr

WAVELETS, BM3D = "wavelets", "BM3D"


def quality(case):
    """Compare PSNRs on the same noisy images."""
    case.need_clean()
    rivals, notes = _rivals(case)
    everyone = {case.name: case.denoiser, **rivals}
    found = {sigma: _psnrs(case, everyone, sigma) for sigma in case.sigmas}
    rows = [row for sigma in case.sigmas for row in _rows(case, everyone, found[sigma], sigma)]
    verdicts = []
    for name in rivals:
        differences = [_lead(found[sigma], case.name, name) for sigma in case.sigmas]
        leads, margins = zip(*(mean_and_margin(one) for one in differences), strict=True)
        if name in case.reference:
            verdicts.append(say.near_optimum(name, [-lead for lead in leads], margins))
        else:
            verdicts.append(say.beside(name, leads, margins, case.sigmas))
        if name == WAVELETS and case.denoiser.kind == "learned" and len(leads) > 2:
            verdicts.append(say.trained_range(leads, case.sigmas))
    return Section(verdicts=verdicts, tables={"quality": Table.from_rows(rows)}, notes=notes)


def _rivals(case):
    """Rivals and references, fitted, by name, and what is said of those left out."""
    rivals, notes = {}, []
    if isinstance(case.denoiser, BM3DDenoiser):
        notes.append("It is BM3D: beside wavelets alone.")
    elif importlib.util.find_spec("bm3d") is not None:
        rivals[BM3D] = BM3DDenoiser()
    else:
        notes.append('BM3D is left out: pip install "gahb-sk[peers]" (non-commercial use).')
    rivals[WAVELETS] = WaveletShrinkage(n_shifts=16)
    if case.reference:
        rivals |= case.reference
    else:
        notes.append(
            "The optimum is left out: none is known of these images. Give one as reference=."
        )
    if case.denoiser.kind != "learned":
        notes.append(
            "It is not trained on noisy images, so no noise level of a training is sought."
        )
    return {name: _fitted(one, case.X) for name, one in rivals.items()}, notes


def _fitted(denoiser, X):
    return denoiser if hasattr(denoiser, "image_shape_") else denoiser.fit(X)


def _psnrs(case, everyone, sigma):
    """PSNR of each image; BM3D, which takes seconds per image, denoises the first few."""
    clean, noisy = case.pair(sigma, case.n_images)
    found = {case.name: psnr(clean, case.outputs[sigma])}
    for name, denoiser in list(everyone.items())[1:]:
        n = case.n_inside if name == BM3D else len(clean)
        found[name] = psnr(clean[:n], denoiser.denoise(noisy[:n], sigma, clean=clean[:n]))
    return found


def _lead(psnrs, name, other):
    """Paired differences on the images that both denoised."""
    n = min(len(psnrs[name]), len(psnrs[other]))
    return psnrs[name][:n] - psnrs[other][:n]


def _rows(case, everyone, psnrs, sigma):
    for name, denoiser in everyone.items():
        yield {
            "denoiser": name,
            "kind": denoiser.kind,
            "bound": denoiser.needs_clean,
            "sigma": sigma,
            "input_psnr": float(input_psnr(sigma)),
            **with_error("psnr", psnrs[name]),
            **with_error("over_wavelets", _lead(psnrs, name, WAVELETS)),
            "n_images": len(psnrs[name]),
        }
