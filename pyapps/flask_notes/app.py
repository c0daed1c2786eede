"""Notes: accounts, sessions, forms and SQLite in Flask. Run it with `wasgi serve pyapps/flask_notes`."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import accounts
import notes
import storage
from flask import Flask, abort, render_template, request


def create_app():
    """The application; wasgi finds it by this name."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=storage.secret_key(),
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    storage.prepare()
    app.teardown_appcontext(storage.close)
    app.register_blueprint(accounts.blueprint)
    app.register_blueprint(notes.blueprint)
    app.add_url_rule("/clock", view_func=clock)
    app.context_processor(page_facts)
    app.after_request(name_worker)
    return app


async def clock():
    """An async view: asks for the time in two zones at once."""
    there = request.args.get("zone", "Asia/Tokyo")
    try:
        times = await asyncio.gather(time_in("UTC"), time_in(there))
    except (ValueError, LookupError):  # what ZoneInfo raises for a bad and for an unknown name
        abort(400, f"There is no time zone {there!r}.")
    return render_template("clock.html", times=times)


async def time_in(zone):
    """Stands for something that is worth waiting for."""
    await asyncio.sleep(0.01)
    return zone, datetime.now(ZoneInfo(zone)).strftime("%H:%M:%S (%z)")


def page_facts():
    """What every page may show."""
    return {"lasting": storage.LASTING}


def name_worker(response):
    """Tell which worker answered, where the server says so."""
    if worker := request.environ.get("wasgi.worker"):
        response.headers["X-Worker"] = worker
    return response
