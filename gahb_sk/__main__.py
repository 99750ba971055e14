"""``python -m gahb_sk`` is the command ``gahb-sk``."""

from gahb_sk.cli import entry_point

if __name__ == "__main__":
    entry_point()
