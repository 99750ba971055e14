"""Denoisers: one estimator a file, one contract for all (see ``_base.py``)."""

from gahb_sk._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "_base": ["BaseDenoiser", "OracleDenoiser"],
    },
)
