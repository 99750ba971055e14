"""Denoisers that are networks."""
