"""Large files of Git (git-lfs, docs/api/): where each lies, the files themselves, and who has locked them."""

import hashlib
import json
import threading

from sandbox.messages import Request, Response, json_response

_MEDIA_TYPE = {"Content-Type": "application/vnd.git-lfs+json"}


class Lfs:
    """One store for all repositories. Who may ask is somebody else's business."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.locks: dict[str, dict[str, object]] = {}
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

    def lock(self, request: Request, action: str) -> Response:
        """Answer what is asked below `info/lfs/locks` (docs/api/locking.md): all locks are of one owner."""
        try:
            asked = json.loads(request.body or b"{}")
        except ValueError:
            return json_response(422, {"message": "this is no lock"}, _MEDIA_TYPE)
        with self._lock:
            if request.method == "GET":
                wanted = request.parameters.get("path")
                found = [lock for lock in self.locks.values() if wanted in (None, lock["path"])]
                return json_response(200, {"locks": found}, _MEDIA_TYPE)
            if action == "locks/verify":
                return json_response(200, {"ours": list(self.locks.values()), "theirs": []}, _MEDIA_TYPE)
            if action == "locks":
                lock = {"id": asked["path"].replace("/", "-"), "path": asked["path"], "owner": {"name": "The consumer"}}
                lock["locked_at"] = "2026-01-01T00:00:00Z"
                if self.locks.setdefault(lock["id"], lock) is not lock:
                    return json_response(409, {"message": "already locked"}, _MEDIA_TYPE)
                return json_response(201, {"lock": lock}, _MEDIA_TYPE)
            gone = self.locks.pop(action.removeprefix("locks/").removesuffix("/unlock"), None)
        return Response(404) if gone is None else json_response(200, {"lock": gone}, _MEDIA_TYPE)
