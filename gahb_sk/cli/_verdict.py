"""What a comparison says: a sentence a noise level, and the table of means, as HTML."""

import html

import numpy as np


def verdict(comparison):
    """Say who is best at each noise level, and how far below the nearest bound, as HTML."""
    means = comparison.means()
    sentences = []
    for sigma in comparison.sigmas:
        part = means.where(sigma=sigma)
        rivals = np.flatnonzero(~part["bound"])
        if not len(rivals):
            continue
        psnr = _rank(part["psnr"])
        best = rivals[psnr[rivals].argmax()]
        name = html.escape(str(part["denoiser"][best]))
        text = f"&sigma; = {sigma:g}: <b>{name}</b> is best with {_decibels(psnr[best])}"
        bounds = np.flatnonzero(part["bound"])
        if len(bounds):
            text += _distance(psnr[best], psnr[bounds].max())
        sentences.append(f"<li>{text}.</li>")
    return f"<ul>{''.join(sentences)}</ul>"


def _rank(psnr):
    """Mean PSNRs to compare by: one that is unknown, as all images came out exactly, is best."""
    return np.where(np.isnan(psnr), np.inf, psnr)


def _decibels(psnr):
    return f"{psnr:.2f} dB" if np.isfinite(psnr) else "every image exact"


def _distance(psnr, bound):
    if not np.isfinite([psnr, bound]).all():
        return f"; the best oracle: {_decibels(bound)}"
    side = "below" if bound >= psnr else "above"
    return f", {_decibels(abs(bound - psnr))} {side} the best oracle"


def _number(value):
    return "-" if np.isnan(value) else f"{value:.2f}"


def means_table(comparison):
    """Return the means of all denoisers at all noise levels as an HTML table with a caption."""
    means, slopes = comparison.means(), comparison.slopes()
    sigmas = comparison.sigmas
    best = {
        sigma: _rank(means.where(sigma=sigma, bound=False)["psnr"]).max()
        for sigma in sigmas
        if not means.where(sigma=sigma)["bound"].all()
    }
    levels = "".join(f"<th>&sigma; = {sigma:g}<br>PSNR (dB) / SSIM</th>" for sigma in sigmas)
    head = (
        f"<tr><th>denoiser</th><th>kind</th>{levels}<th>slope</th><th>fit (s)</th>"
        "<th>ms an image</th></tr>"
    )
    ordered = sorted(
        comparison.denoisers,
        key=lambda name: (means.where(denoiser=name)["bound"][0], _order(means, name)),
    )
    rows = []
    for name in ordered:
        part = means.where(denoiser=name)
        bound = bool(part["bound"][0])
        cells = []
        for row in part.rows():
            psnr = f"{_number(row['psnr'])} &plusmn; {_number(row['psnr_se'])}"
            cell = f"{psnr} / {row['ssim']:.3f}"
            is_best = not bound and _rank(row["psnr"]) == best.get(row["sigma"])
            cells.append(f"<td>{'<b>' + cell + '</b>' if is_best else cell}</td>")
        kind = f"{part['kind'][0]}{' (bound)' if bound else ''}"
        slope = slopes.where(denoiser=name)["slope"][0]
        rows.append(
            f"<tr class='{part['kind'][0]}'><th>{html.escape(name)}</th><td>{kind}</td>"
            f"{''.join(cells)}<td>{_number(slope)}</td><td>{part['fit_seconds'].mean():.1f}</td>"
            f"<td>{part['ms_per_image'].mean():.1f}</td></tr>"
        )
    table = f"<table class='results'>{head}{''.join(rows)}</table>"
    return f"{table}<p class='caption'>{_caption(means)}</p>"


def _order(means, name):
    return -float(_rank(means.where(denoiser=name)["psnr"]).mean())


def _caption(means):
    caption = (
        f"Means over {means['n_images'][0]} test images &plusmn; standard error; best rival in "
        "bold. A bound is told the clean image. Slope: dB out for each dB in."
    )
    exact = means["n_exact"].max()
    if exact:
        caption += (
            f" Images that came out exactly (up to {exact}, by denoiser and level) have no PSNR "
            "and are left out of its mean."
        )
    return caption
