"""Chooses the settings: production where PRODUCTION is in the environment, else dev.

The variable is 1 or absent. An empty one would count as production here, but nothing sets it empty.
"""
import os

if "PRODUCTION" in os.environ:
    from .production import *
else:
    from .dev import *
