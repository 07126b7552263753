"""The version of the tool: written into locks and printed by `--version`."""

__version__ = "0.1.0"
