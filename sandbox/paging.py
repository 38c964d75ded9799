"""Pages and partial answers: `pagelen`, `page`, `next` and `fields`; and of `q` and `sort` the simplest forms."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Literal, TypeVar
from urllib.parse import urlencode

from sandbox import api_errors
from sandbox.messages import Request, Response, json_response

_LEAST = 10
_MOST = 100

_Value = TypeVar("_Value")


def one(request: Request, value: Mapping[str, object]) -> Response:
    """Return one object, or the `fields` of it that were asked for."""
    return json_response(200, _partial(value, request.parameters.get("fields", "")))


def chosen(request: Request, values: Sequence[_Value]) -> list[_Value]:
    """Return those of `values` that `q` asks for (`FIELD ~ "part"`, `FIELD = "text"`), in the order of `sort`."""
    parameters = request.parameters
    found = list(values)
    if asked := re.fullmatch(r'(\w+) *([~=]) *"([^"]*)"', parameters.get("q", "")):
        name, how, text = asked.groups()
        found = [one for one in found if (text in getattr(one, name) if how == "~" else text == getattr(one, name))]
    if field := parameters.get("sort", ""):
        found.sort(key=lambda one: str(getattr(one, field.removeprefix("-"))), reverse=field.startswith("-"))
    return found


Next = Literal["named", "absent", "broken"]
"""What a list that counts its pages says of the next one: its address, nothing, or an address that is in error."""


def page(
    request: Request,
    values: Sequence[_Value],
    most: int = _MOST,
    show: Callable[[_Value], object] = lambda value: value,
    following: Next = "named",
    size: int | None = None,
) -> Response:
    """Return one page of `values`, each as `show` has it; `next` is an absolute address, and absent on the last.

    `size` is how many there are by the list's own account, if that is wrong.
    """
    parameters = request.parameters
    try:
        number = int(parameters.get("page", "1"))
    except ValueError:
        return api_errors.bad_page()
    if number < 1:
        return api_errors.bad_page()
    length = _length(parameters, most)
    if length is None:
        return api_errors.bad_page_length()
    end = number * length
    answer: dict[str, object] = {
        "size": len(values) if size is None else size,
        "page": number,
        "pagelen": length,
        "values": [show(value) for value in values[end - length : end]],
    }
    if end < len(values) and following != "absent":
        # What is wrong with the broken ones was never published; nothing is there.
        below = "/variables" if following == "broken" else ""
        answer["next"] = _address(request, str(number + 1), below)
    return one(request, answer)


def page_by_cursor(request: Request, values: Sequence[Mapping[str, object]], name: str) -> Response:
    """Return one page of `values`, without number and size; `page` is a cursor made of the value's `name`."""
    cursor = request.parameters.get("page", "")
    names = [_cursor(str(value[name])) for value in values]
    length = _length(request.parameters, _MOST)
    if length is None:
        return api_errors.bad_page_length()
    if cursor and cursor not in names:
        return api_errors.bad_page()
    start = names.index(cursor) if cursor else 0
    answer: dict[str, object] = {"pagelen": length, "values": values[start : start + length]}
    if start + length < len(values):
        answer["next"] = _address(request, names[start + length])
    return one(request, answer)


def _length(parameters: Mapping[str, str], most: int) -> int | None:
    try:
        asked = int(parameters.get("pagelen", "10"))
    except ValueError:
        return None
    return max(asked, _LEAST) if 1 <= asked <= most else None


def _address(request: Request, page: str, below: str = "") -> str:
    query = urlencode({**request.parameters, "page": page})
    return f"{request.scheme}://{request.host}{request.path}{below}?{query}"


def _cursor(text: str) -> str:
    """Four letters, as `dbtR` was seen (lvermeulen/Bitbucket.Cloud.Net issue 16)."""
    return base64.b64encode(sha256(text.encode()).digest(), altchars=b"xy")[:4].decode()


def _partial(value: object, fields: str) -> object:
    names = [name.strip() for name in fields.split(",") if name.strip()]
    wanted = [name.split(".") for name in names if name[0] not in "+-"]
    if wanted:
        value = _only(value, wanted)
    for name in names:
        if name.startswith("-"):
            value = _without(value, name[1:].split("."))
    return value


def _only(value: object, paths: Sequence[Sequence[str]]) -> object:
    if isinstance(value, list):
        return [_only(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, item in value.items():
        rests = [path[1:] for path in paths if path[0] in (key, "*")]
        if rests:
            kept[key] = item if any(not rest for rest in rests) else _only(item, rests)
    return kept


def _without(value: object, path: Sequence[str]) -> object:
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    rest = {key: item for key, item in value.items() if key != path[0]}
    return rest if len(path) == 1 else {**rest, path[0]: _without(value[path[0]], path[1:])}
