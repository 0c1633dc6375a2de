from django.urls import path

from . import views

urlpatterns = [
    path("", views.TargetList.as_view(), name="targets"),
    path("about/", views.About.as_view(), name="about"),
    path("go/<str:name>/", views.go, name="go"),
    path("healthz/", views.health, name="health"),
    path("upload/", views.UploadFile.as_view(), name="upload"),
]
