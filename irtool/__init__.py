"""irtool: incident response for e-mail abuse, as code."""

__version__ = "0.1.0"
