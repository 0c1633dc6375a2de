from django.apps import AppConfig


class RoastedConfig(AppConfig):
    """Short links and who followed them. Until 2015 this app was called `redirect`."""

    name = "roasted"
