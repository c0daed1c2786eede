"""Uses extension modules: one at import, one of which objects live on, and ctypes. `/` counts."""

import ctypes

import msgpack
from msgpack import _cmsgpack
from pydantic import BaseModel

PACKED = msgpack.packb({"counted": [1, 2, 3]})
LENGTH_OF = ctypes.CDLL(None).strlen
count = 0


class Item(BaseModel):
    """A model whose validator was compiled before the capture."""

    name: str
    price: float


def application(environ, start_response):
    """Answer with what each of the modules makes of something."""
    global count
    count += 1
    item = Item.model_validate_json(b'{"name": "tea", "price": "2.5"}')
    parts = [
        count,
        msgpack.unpackb(PACKED),
        item.model_dump(),
        LENGTH_OF(b"seven.."),
        _cmsgpack.__file__,
    ]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(parts).encode()]
