from django.conf import settings
from django.core.validators import FileExtensionValidator, RegexValidator
from django.db import models
from django.utils import timezone


class Target(models.Model):
    """A page that has a short link, /go/NAME/."""

    name = models.CharField(
        max_length=100,
        unique=True,
        validators=[RegexValidator(r"^[^/\s]+\Z", "No spaces and no slashes.")],
    )
    url = models.URLField("URL", max_length=500)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class RedirectHit(models.Model):
    """Somebody followed a short link."""

    target = models.ForeignKey(Target, on_delete=models.CASCADE, related_name="hits")
    at = models.DateTimeField(default=timezone.now)
    count = models.PositiveIntegerField(
        default=1, help_text="More than one in old rows, which sum up a day."
    )
    referrer = models.TextField(blank=True)
    user_agent = models.TextField(blank=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self):
        return f"{self.target} at {self.at:%Y-%m-%d %H:%M}"


class Upload(models.Model):
    """A file that somebody wants to link to."""

    # Nothing that a browser would run in this site's name.
    file = models.FileField(
        upload_to="uploads/",
        validators=[FileExtensionValidator(["csv", "jpg", "pdf", "png", "txt"])],
    )
    uploaded = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-uploaded"]

    def __str__(self):
        return self.file.name
