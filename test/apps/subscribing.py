"""Follows its own requests through `import mod_wsgi`, and says as JSON what it has seen."""

import json

import apache
import mod_wsgi

seen = []


@mod_wsgi.subscribe_events
def follow(name, **event):
    if name == "request_started":
        mod_wsgi.request_data()["before"] = len(seen)
        return {"application_object": signed(event["application_object"])}
    if name == "request_finished":
        seen.append([event["status"], event["output_length"], event["request_data"]["path"]])
    if name == "request_exception":
        seen.append(["exception", repr(event["exception_info"][1])])
    return None


@mod_wsgi.subscribe_shutdown
def end(name, shutdown_reason):
    print(f"{name} because of {shutdown_reason}", flush=True)


def signed(application):
    def middleware(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Signed", "by middleware")], exc_info)

        return application(environ, start)

    return middleware


def application(environ, start_response):
    path = environ["PATH_INFO"]
    mod_wsgi.request_data()["path"] = path
    if path == "/raise":
        raise ValueError("in trouble")
    told = {
        "version": mod_wsgi.version,
        "group": [mod_wsgi.process_group, mod_wsgi.application_group],
        "processes": [mod_wsgi.maximum_processes, apache.maximum_processes],
        "active": mod_wsgi.active_requests[environ["mod_wsgi.request_id"]],
        "seen": seen,
        "metrics": mod_wsgi.process_metrics(),
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]
