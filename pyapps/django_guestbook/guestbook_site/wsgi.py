"""The WSGI application. Each worker imports it; the first one finds an empty data folder."""

import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guestbook_site.settings")

application = get_wsgi_application()


def prepare_database():
    """Migrate, and make the administrator that the environment names, once for all workers.

    The variables are Django's own: DJANGO_SUPERUSER_USERNAME, _EMAIL and _PASSWORD.
    """
    from django.contrib.auth import get_user_model

    from .storage import one_at_a_time

    with one_at_a_time():
        call_command("migrate", verbosity=0, interactive=False)
        name = os.environ.get("DJANGO_SUPERUSER_USERNAME")
        if name and not get_user_model().objects.filter(username=name).exists():
            call_command("createsuperuser", verbosity=0, interactive=False)


prepare_database()
