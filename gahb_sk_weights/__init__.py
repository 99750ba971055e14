"""Trained networks for gahb_sk, one folder each; ``gahb_sk.list_pretrained`` lists them."""

__version__ = "0.1.0"
