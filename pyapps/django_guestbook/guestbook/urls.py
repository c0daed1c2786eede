"""The guestbook's addresses."""

from django.urls import path

from . import views

app_name = "guestbook"
urlpatterns = [
    path("", views.index, name="index"),
    path("entries.json", views.entries_json, name="entries_json"),
]
