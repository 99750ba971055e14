"""Denoisers made of other people's functions and networks."""
