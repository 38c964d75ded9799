"""Large files of Git (git-lfs, docs/api/batch.md): where each lies, and the files themselves."""

import hashlib
import json
import threading

from sandbox.messages import Request, Response, json_response

_MEDIA_TYPE = {"Content-Type": "application/vnd.git-lfs+json"}


class Lfs:
    """One store for all repositories. Who may ask is somebody else's business."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def batch(self, request: Request, place: str, header: dict[str, str] | None = None) -> Response:
        """Say where each of the objects is, or goes: below the address `place`, with `header` if that is to be sent."""
        try:
            asked = json.loads(request.body)
            operation, wanted = asked["operation"], [(one["oid"], one["size"]) for one in asked["objects"]]
        except (ValueError, KeyError, TypeError):
            return json_response(422, {"message": "this is no batch"}, _MEDIA_TYPE)
        objects = []
        for oid, size in wanted:
            there = oid in self.objects
            entry: dict[str, object] = {"oid": oid, "size": size}
            if operation == "download" and not there:
                entry["error"] = {"code": 404, "message": "Object does not exist"}
            elif (operation == "download") == there:
                entry["actions"] = {operation: {"href": f"{place}/{oid}", "header": header or {}}}
            objects.append(entry)
        return json_response(200, {"transfer": "basic", "objects": objects}, _MEDIA_TYPE)

    def file(self, request: Request, oid: str) -> Response:
        """Take or hand out one object."""
        with self._lock:
            if request.method == "PUT":
                if hashlib.sha256(request.body).hexdigest() != oid:
                    return Response(422)
                self.objects[oid] = request.body
                return Response(200)
            found = self.objects.get(oid)
        return Response(404) if found is None else Response(200, found)
