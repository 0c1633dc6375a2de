"""The real site. What differs from host to host, and every secret, comes from local.py.

local.py is not under source control. It sets DATABASES, SECRET_KEY, ALLOWED_HOSTS, STATIC_ROOT and
MEDIA_ROOT.
"""
from .base import *
from .local import *

DEBUG = False
