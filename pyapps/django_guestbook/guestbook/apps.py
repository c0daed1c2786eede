"""The guestbook as a Django application."""

from django.apps import AppConfig


class GuestbookConfig(AppConfig):
    name = "guestbook"
