"""A framework's published tests, run by pytest in this interpreter, their requests made over the wire.

An application in memory cannot send itself an HTTP request, so a test is run again and again: until
it first calls an application, which says what request it wants; then, when that request has come
from outside, up to the same call, which is answered with what the server made of the request; and
then with the response that came out of the wire, on to its next call or to its end.
"""

import base64
import functools
import json
import os
import sys
from urllib.parse import quote

from _pytest.config import _prepareconfig
from _pytest.main import Session
from _pytest.outcomes import Skipped
from _pytest.runner import runtestprotocol

CGI = {
    "REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH",
    "REMOTE_ADDR", "REMOTE_PORT", "REQUEST_URI", "RAW_URI", "SERVER_NAME", "SERVER_PORT",
    "SERVER_PROTOCOL",
}  # fmt: skip
# What a server may add to any response. A test that looks at all fields does not expect them.
ADDED = {"date", "connection", "keep-alive", "transfer-encoding", "content-length"}


class Aborted(Skipped):
    """Ends a run of a test, past what catches exceptions; pytest makes little of it."""


class Run:
    """One run of one test, with the responses that the wire brought so far."""

    def __init__(self, responses, arrived=None):
        self.responses = responses
        self.arrived = arrived
        self.calls = 0
        self.inside = False
        self.wanted = None
        self.answer = None
        self.failure = None

    def call(self, application, environ, start_response):
        """An application's call by the test. What applications call themselves, and what is given
        an environ of no request, stays in memory."""
        if self.inside or "REQUEST_METHOD" not in environ:
            return application(environ, start_response)
        self.inside = True
        try:
            self.calls += 1
            if self.calls <= len(self.responses):
                response = self.responses[self.calls - 1]
                return self.replay(application, environ, start_response, response)
            if self.arrived is None:
                self.wanted = request_of(environ)
            else:
                self.forward(application, environ)
            raise Aborted()
        finally:
            self.inside = False

    def replay(self, application, environ, start_response, response):
        """Call for the sake of what the call changes, and answer with what the wire brought."""
        started = []

        def remember(status, headers, exc_info=None):
            started[:] = [headers]
            if exc_info:
                answer(exc_info)
            return lambda data: None

        def answer(*exc_info):
            fields = received(response["headers"], started.pop())
            start_response(response["status"], fields, *exc_info)

        drain(application(environ, remember))
        if started:
            answer()
        return [base64.b64decode(response["body"])]

    def forward(self, application, environ):
        """Call with the environ of the server, and the keys that a test has put beside it."""
        server, start_response = self.arrived
        own = {
            key: value
            for key, value in environ.items()
            if key not in CGI and not key.startswith(("HTTP_", "wsgi."))
        }
        script = environ.get("SCRIPT_NAME", "")
        merged = {**server, **own, "wsgi.url_scheme": environ["wsgi.url_scheme"]}
        merged["PATH_INFO"] = server["PATH_INFO"].removeprefix(script)
        try:
            result = application(merged, start_response)
            file = isinstance(result, server["wsgi.file_wrapper"])
            self.answer = result if file else drain(result)
        except Exception as error:
            self.failure = error


def drain(result):
    """All of a response, and its end."""
    try:
        return list(result)
    finally:
        if hasattr(result, "close"):
            result.close()


def request_of(environ):
    """What a client would send so that a server makes this environ of it."""
    fields = [
        (key[5:].replace("_", "-").title(), value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    ]
    if "HTTP_HOST" not in environ:
        fields.append(("Host", environ.get("SERVER_NAME", "localhost")))
    if environ.get("CONTENT_TYPE"):
        fields.append(("Content-Type", environ["CONTENT_TYPE"]))
    length = environ.get("CONTENT_LENGTH")
    if length:
        body = environ["wsgi.input"].read(int(length))
        fields.append(("Content-Length", length))
    else:
        body = environ["wsgi.input"].read() if environ.get("wsgi.input_terminated") else b""
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING", "")
    return {
        "method": environ["REQUEST_METHOD"],
        "target": quote(path.encode("latin-1"), safe="/!$&'()*+,;=:@~") + (query and "?" + query),
        "headers": fields,
        "body": base64.b64encode(body).decode(),
    }


def received(fields, sent):
    """The response's fields without the server's own, their names spelt as the application did."""
    spelt = {name.lower(): name for name, _ in sent}
    return [
        (spelt.get(name.lower(), name), value)
        for name, value in fields
        if name.lower() in spelt or name.lower() not in ADDED
    ]


run = Run([])
items = {}
waiting = []


def over_the_wire(application):
    """The application, called by way of the server."""
    return lambda environ, start_response: run.call(application, environ, start_response)


def redirect_werkzeug():
    """Werkzeug's test client, which is Flask's too."""
    import werkzeug.test

    direct = werkzeug.test.run_wsgi_app
    werkzeug.test.run_wsgi_app = lambda app, environ, buffered=False: direct(
        over_the_wire(app), environ, buffered
    )


def redirect_webob():
    """WebOb's requests are their own client."""
    from webob.request import BaseRequest

    direct = BaseRequest.call_application

    @functools.wraps(direct)
    def call_application(self, application, catch_exc_info=False):
        return direct(self, over_the_wire(application), catch_exc_info)

    BaseRequest.call_application = call_application


def redirect_bottle():
    """Bottle's tests have one base class."""
    from test.tools import ServerTestBase

    direct = ServerTestBase.urlopen

    @functools.wraps(direct)
    def urlopen(self, *args, **more):
        application = self.wsgiapp
        self.wsgiapp = over_the_wire(application)
        try:
            return direct(self, *args, **more)
        finally:
            self.wsgiapp = application

    ServerTestBase.urlopen = urlopen


REDIRECTIONS = {
    "werkzeug": redirect_werkzeug,
    "webob": redirect_webob,
    "bottle": redirect_bottle,
}


def start(client, files, without):
    """Run the tests of these files to their first requests, but for those that are left out."""
    folder = next(path for path in sys.path if os.path.exists(os.path.join(path, files[0])))
    sys.path.remove(folder)
    sys.path.insert(0, folder)
    os.chdir(folder)
    REDIRECTIONS[client]()
    with open("/tmp/pytest.ini", "w") as settings:
        settings.write("[pytest]\n")
    options = ["-c", "/tmp/pytest.ini", "--rootdir", folder, "--assert=plain", "--capture=sys"]
    unused = ("cacheprovider", "faulthandler", "logging", "threadexception", "unraisableexception")
    plugins = [word for name in unused for word in ("-p", f"no:{name}")]
    config = _prepareconfig([*options, *plugins, *files])
    config._do_configure()
    session = Session.from_config(config)
    config.hook.pytest_sessionstart(session=session)
    items.update({item.nodeid: item for item in session.perform_collect()})
    return {name: {"outcome": "left out"} if name in without else step(name, []) for name in items}


def perform(name, started):
    """Run a test once. The result is none of pytest's when the test did not come to its end."""
    global run
    run = started
    items[name]._initrequest()
    reports = runtestprotocol(items[name], nextitem=None, log=False)
    failed = [str(report.longrepr) for report in reports if report.failed]
    skipped = [str(report.longrepr) for report in reports if report.skipped]
    outcome = "failed" if failed else "skipped" if skipped else "passed"
    return {"outcome": outcome, "text": "\n".join(failed or skipped), "calls": run.calls}


def step(name, responses):
    """Run a test as far as these responses carry it: to its end, or to a request that it wants."""
    started = Run(responses)
    result = perform(name, started)
    if started.wanted is None:
        return result
    waiting.append((name, responses))
    return {"wanted": started.wanted, "ticket": len(waiting) - 1}


def application(environ, start_response):
    """The control of the tests, and the requests that they want."""
    ticket = environ.pop("HTTP_X_SUITE_TICKET", None)
    if ticket is not None:
        return arrive(*waiting[int(ticket)], environ, start_response)
    control = start if environ["PATH_INFO"] == "/start" else step
    result = control(**json.load(environ["wsgi.input"]))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(result).encode()]


def arrive(name, responses, environ, start_response):
    """A request that a test has wanted."""
    started = Run(responses, (environ, start_response))
    perform(name, started)
    if started.failure is not None:
        raise started.failure
    return started.answer
