"""The audit of a denoiser: one section per file, and verdicts that are functions of numbers."""
