"""Middleware of the site."""


def name_worker(get_response):
    """Tell which worker answered, where the server says so."""

    def middleware(request):
        response = get_response(request)
        if worker := request.META.get("wasgi.worker"):
            response["X-Worker"] = worker
        return response

    return middleware
