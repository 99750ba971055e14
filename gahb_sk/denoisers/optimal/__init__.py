"""Denoisers that know the class, the training set or the clean image."""
