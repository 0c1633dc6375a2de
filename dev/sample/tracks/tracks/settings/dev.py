"""Development and debugging: sqlite, and everything within the source tree."""
from .base import *

DEBUG = True
ALLOWED_HOSTS = ["*"]

# Protects nothing: dev holds no data that anybody must not see.
SECRET_KEY = "dev-only"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
        # Sixteen workers may want to record a hit at the same moment.
        "OPTIONS": {"timeout": 20},
    },
}

STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = BASE_DIR / "media"
