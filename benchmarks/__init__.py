"""Timings and quality against peers; `make bench` prints them all."""
