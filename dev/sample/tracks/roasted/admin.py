from django.contrib import admin

from .models import RedirectHit, Target, Upload


@admin.register(Target)
class TargetAdmin(admin.ModelAdmin):
    list_display = ["name", "url", "owner", "created"]
    search_fields = ["name", "url", "description"]


@admin.register(RedirectHit)
class RedirectHitAdmin(admin.ModelAdmin):
    list_display = ["target", "at", "count"]
    list_select_related = ["target"]
    date_hierarchy = "at"


admin.site.register(Upload)
