"""What uWSGI loads.

The settings module belongs to the application and never changes, so it is named here; whether the
process runs in production belongs to the service, which sets PRODUCTION.
"""
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracks.settings")

application = get_wsgi_application()
