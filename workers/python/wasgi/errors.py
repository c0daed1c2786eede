"""The exceptions of the gateway that an application may meet. It must not import anything."""


class ProtocolError(RuntimeError):
    """The application broke a rule of PEP 3333."""


class ClientGone(ConnectionError):
    """The client left: nobody reads the rest of the response, or sends the rest of the body."""


class BodyTooSlow(TimeoutError):
    """The client did not send its body in time (`body_timeout`); unless handled, it gets a 408."""


class BodyMalformed(OSError):
    """The end of the request body broke the rules of HTTP; unless handled, the client gets a 400."""


class BodyTooLarge(Exception):
    """The request body is larger than `body_limit`; unless handled, the client gets a 413.

    Not an OSError: frameworks take those for a client that left, and answer 400.
    """
