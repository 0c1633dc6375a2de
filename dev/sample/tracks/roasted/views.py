from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.generic import CreateView, ListView, TemplateView

from .models import RedirectHit, Target, Upload
from .version import VERSION


class TargetList(ListView):
    # Named here too, since grouping drops the model's own order.
    queryset = Target.objects.annotate(hit_count=Coalesce(Sum("hits__count"), 0)).order_by("name")


class About(TemplateView):
    template_name = "roasted/about.html"


class UploadFile(CreateView):
    """Takes a file and shows all of them."""

    model = Upload
    fields = ["file"]
    success_url = reverse_lazy("upload")

    def get_context_data(self, **kwargs):
        return super().get_context_data(uploads=Upload.objects.all(), **kwargs)


@never_cache
@require_GET
def go(request, name):
    target = get_object_or_404(Target, name=name)
    RedirectHit.objects.create(
        target=target,
        referrer=request.headers.get("Referer", ""),
        user_agent=request.headers.get("User-Agent", ""),
    )
    return HttpResponseRedirect(target.url)


@never_cache
@require_GET
def health(request):
    """Says ok only where the code, its settings and the tables in the database fit together."""
    return JsonResponse({"status": "ok", "version": VERSION, "targets": Target.objects.count()})
