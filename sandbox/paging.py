"""Pages and partial answers: `pagelen`, `page`, `next` and `fields`; and of `q` and `sort` the simplest forms."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
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


def page(
    request: Request,
    values: Sequence[_Value],
    most: int = _MOST,
    show: Callable[[_Value], object] = lambda value: value,
) -> Response:
    """Return one page of `values`, each as `show` has it; `next` is an absolute address, and absent on the last."""
    parameters = request.parameters
    try:
        number, asked = int(parameters.get("page", "1")), int(parameters.get("pagelen", "10"))
    except ValueError:
        return api_errors.bad_page()
    if number < 1 or not 1 <= asked <= most:
        return api_errors.bad_page()
    length = max(asked, _LEAST)
    end = number * length
    answer: dict[str, object] = {
        "size": len(values),
        "page": number,
        "pagelen": length,
        "values": [show(value) for value in values[end - length : end]],
    }
    if end < len(values):
        query = urlencode({**parameters, "page": str(number + 1)})
        answer["next"] = f"{request.scheme}://{request.host}{request.path}?{query}"
    return one(request, answer)


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
