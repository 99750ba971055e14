"""Denoisers that shrink, smooth or average, and learn little."""
