"""The guestbook's pages."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.forms import ModelForm
from django.http import HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from guestbook_site.storage import LASTING

from .models import Entry

SHOWN = 50


class EntryForm(ModelForm):
    """What a guest fills in."""

    class Meta:
        model = Entry
        fields = ["name", "message"]


def index(request):
    """The entries, and a form for a new one."""
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entry = form.save()
        messages.success(request, f"Thank you, {entry.name}.")
        return redirect("guestbook:index")
    entries = Entry.objects.filter(hidden=False)[:SHOWN]
    context = {"form": form, "entries": entries, "lasting": LASTING}
    return render(request, "guestbook/index.html", context)


async def entries_json(request):
    """The same as JSON, with times in the zone that ?zone= names: an async view."""
    try:
        zone = ZoneInfo(request.GET.get("zone", "UTC"))
    except (ValueError, LookupError):  # what ZoneInfo raises for a bad and for an unknown name
        return HttpResponseBadRequest("There is no such time zone.", content_type="text/plain")
    entries = [
        {
            "name": entry.name,
            "message": entry.message,
            "written": entry.written.astimezone(zone).isoformat(),
        }
        async for entry in Entry.objects.filter(hidden=False)[:SHOWN]
    ]
    return JsonResponse({"entries": entries})
