"""One page in each of five frameworks, under the framework's name. install.test.ts installs them."""

from importlib.metadata import version
from wsgiref.util import shift_path_info

import bottle
import django
import falcon
import flask
import yaml
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from pyramid.config import Configurator
from pyramid.response import Response

flask_app = flask.Flask(__name__)
bottle_app = bottle.Bottle()
falcon_app = falcon.App(media_type=falcon.MEDIA_TEXT)


@flask_app.get("/")
def flask_page():
    """Jinja escapes with MarkupSafe, whose plain Python was copied out of its source archive."""
    return flask.render_template_string("Flask {{ sign }}", sign="<")


@flask_app.get("/later")
async def later():
    """Needs the extra flask[async]."""
    return "Flask later"


@bottle_app.get("/")
def bottle_page():
    return bottle.template("Bottle {{sign}}", sign="<")


class FalconPage:
    def on_get(self, request, response):
        response.text = "Falcon " + yaml.safe_load("sign: '<'")["sign"]


def django_page(request):
    return HttpResponse(f"Django {django.VERSION[0]}")


def pyramid_page(request):
    return Response(f"Pyramid {version('pyramid')}")


falcon_app.add_route("/", FalconPage())
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="for tests")
urlpatterns = [path("", django_page)]
with Configurator() as pyramid_config:
    pyramid_config.add_route("page", "/")
    pyramid_config.add_view(pyramid_page, route_name="page")

applications = {
    "flask": flask_app,
    "bottle": bottle_app,
    "falcon": falcon_app,
    "django": get_wsgi_application(),
    "pyramid": pyramid_config.make_wsgi_app(),
}


def application(environ, start_response):
    """Hand the request to the framework that the path begins with."""
    return applications[shift_path_info(environ)](environ, start_response)
