"""Django's answers to what HTTP has beyond pages: streams, uploads, files, conditions, cookies."""

import hashlib
import io
import os
from datetime import UTC, datetime

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import condition

LINES = b"".join(b"%07d\n" % number for number in range(131_072))
MODIFIED = datetime(2000, 1, 1, tzinfo=UTC)
FILE = "/tmp/django-lines.txt"


def digest(stream):
    """Length and SHA-256 of what a stream gives, read in pieces."""
    hashed, length = hashlib.sha256(), 0
    while piece := stream.read(65_536):
        hashed.update(piece)
        length += len(piece)
    return [length, hashed.hexdigest()]


def stream(request):
    count = int(request.GET["lines"])
    lines = (f"{request.method} {number}\n" for number in range(count))
    return StreamingHttpResponse(lines, content_type="text/plain")


def upload(request):
    files = {name: [file.name, *digest(file)] for name, file in request.FILES.items()}
    return JsonResponse({"fields": request.POST.dict(), "files": files})


def raw(request):
    announced = request.META.get("CONTENT_LENGTH")
    return JsonResponse({"body": digest(request), "announced": announced and int(announced)})


def file(request):
    if not os.path.exists(FILE):
        with open(FILE, "wb") as made:
            made.write(LINES)
    return FileResponse(open(FILE, "rb"))


def download(request):
    return FileResponse(io.BytesIO(LINES), as_attachment=True, filename="lïnes.bin")


@condition(etag_func=lambda request: '"a-page"', last_modified_func=lambda request: MODIFIED)
def page(request):
    return HttpResponse("a page", content_type="text/plain")


def cookies(request):
    seen = {name: value for name, value in request.COOKIES.items() if name != "visits"}
    response = JsonResponse(seen)
    response.set_cookie("one", "1", max_age=60, httponly=True)
    response.set_cookie("two", "2 zwei", samesite="Lax")
    response.delete_cookie("old")
    visits = int(request.get_signed_cookie("visits", 0)) + 1
    response.set_signed_cookie("visits", visits)
    response.headers["X-Visits"] = visits
    return response


def redirects(request):
    if request.method == "POST":
        return redirect("/upload", preserve_request=True)
    return redirect(reverse("page") + "?of=x+y")


def folder(request):
    return HttpResponse("a folder")


settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="for tests",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    FILE_UPLOAD_TEMP_DIR="/tmp",
)
urlpatterns = [
    path("stream", stream),
    path("upload", upload),
    path("raw", raw),
    path("file", file),
    path("download", download),
    path("page", page, name="page"),
    path("cookies", cookies),
    path("redirect", redirects),
    path("folder/", folder),
]
application = get_wsgi_application()
