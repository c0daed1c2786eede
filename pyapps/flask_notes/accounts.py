"""Signing up, logging in and out."""

from functools import wraps
from sqlite3 import IntegrityError

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from storage import database
from werkzeug.security import check_password_hash, generate_password_hash

blueprint = Blueprint("accounts", __name__)


@blueprint.before_app_request
def load_account():
    """Whose session it is."""
    row = database().execute("SELECT * FROM account WHERE id = ?", [session.get("account_id")])
    g.account = row.fetchone()


def login_required(view):
    """Send whoever is not logged in to the login page."""

    @wraps(view)
    def guarded(**arguments):
        if g.account is None:
            return redirect(url_for("accounts.login"))
        return view(**arguments)

    return guarded


@blueprint.route("/signup", methods=["GET", "POST"])
def signup():
    if request.method == "GET":
        return render_template("account.html", title="Sign up")
    name, password = request.form["name"].strip(), request.form["password"]
    if not name or not password:
        flash("A name and a password are needed.")
        return render_template("account.html", title="Sign up"), 400
    try:
        with database() as connection:
            connection.execute(
                "INSERT INTO account (name, password_hash) VALUES (?, ?)",
                [name, generate_password_hash(password)],
            )
    except IntegrityError:
        flash(f"The name {name} is taken.")
        return render_template("account.html", title="Sign up"), 409
    flash("Welcome. Log in with your new password.")
    return redirect(url_for("accounts.login"))


@blueprint.route("/login", methods=["GET", "POST"])
def login():
    if request.method == "GET":
        return render_template("account.html", title="Log in")
    name = request.form["name"].strip()
    account = database().execute("SELECT * FROM account WHERE name = ?", [name]).fetchone()
    if account is None or not check_password_hash(
        account["password_hash"], request.form["password"]
    ):
        flash("Wrong name or password.")
        return render_template("account.html", title="Log in"), 403
    session.clear()
    session["account_id"] = account["id"]
    flash(f"Hello, {name}.")
    return redirect(url_for("notes.index"))


@blueprint.post("/logout")
def logout():
    session.clear()
    flash("Good bye.")
    return redirect(url_for("accounts.login"))
