"""The notes of one account."""

from accounts import login_required
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from storage import database

blueprint = Blueprint("notes", __name__)


@blueprint.get("/")
@login_required
def index():
    rows = database().execute(
        "SELECT * FROM note WHERE account_id = ? ORDER BY id DESC", [g.account["id"]]
    )
    return render_template("notes.html", notes=rows.fetchall())


@blueprint.post("/notes")
@login_required
def add():
    text = request.form["text"].strip()
    if text:
        with database() as connection:
            connection.execute(
                "INSERT INTO note (account_id, text) VALUES (?, ?)", [g.account["id"], text]
            )
        flash("Noted.")
    else:
        flash("There is nothing to note.")
    return redirect(url_for("notes.index"))


@blueprint.post("/notes/<int:number>/delete")
@login_required
def delete(number):
    with database() as connection:
        deleted = connection.execute(
            "DELETE FROM note WHERE id = ? AND account_id = ?", [number, g.account["id"]]
        )
    if deleted.rowcount == 0:
        abort(404)
    flash("Deleted.")
    return redirect(url_for("notes.index"))
