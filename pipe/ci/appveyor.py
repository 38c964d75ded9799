"""AppVeyor: the next line of the script loads the env file; its Build Worker API can set a variable of the build.

It masks the secure variables of its settings, and nothing that is made at run time ("Build Worker API" in its
documentation), so that API is a channel to ask for.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pipe.ci.system import CiSystem
from pipe.errors import ExportError, MissingInputError
from pipe.export.variables import Export

if TYPE_CHECKING:
    import http.client

_ADDRESS = "APPVEYOR_API_URL"
# Seconds for each answer: the worker is on the same machine.
_PATIENCE = 10.0


class AppVeyor(CiSystem):
    """The program in a script of AppVeyor, or the image in a `docker run` of one."""

    name = "appveyor"
    title = "AppVeyor"
    channels: ClassVar[Mapping[str, str]] = {
        "variable": "AppVeyor does not mask it: whatever prints the environment shows the token in the build's log, "
        "which everyone can read if the project is public."
    }

    @staticmethod
    def detect(env: Mapping[str, str]) -> bool:
        """Recognise it by what the worker sets, `True` on Windows and `true` elsewhere."""
        return env.get("APPVEYOR", "").lower() == "true"

    def export_to_channel(self, export: Export) -> list[str]:
        """Set variables of the build; the token last, so that none is there unless all went well."""
        import http.client  # noqa: PLC0415 - every module here is loaded to detect the system
        import json  # noqa: PLC0415

        connection, path = self._connection()
        try:
            for name, value in reversed(export.texts().items()):
                body = json.dumps({"name": name, "value": value})
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read(64 * 1024)
                if not 200 <= answer.status < 300:
                    raise ExportError(
                        f"AppVeyor's Build Worker API answered with {answer.status}.",
                        "It does not take a variable of that name or length, or has trouble of its own.",
                        "Load the env file instead: name no channel.",
                    )
        except (OSError, http.client.HTTPException) as error:
            raise ExportError(
                f"AppVeyor's Build Worker API did not answer ({type(error).__name__}).",
                "In a container, localhost is the container itself and not the build machine.",
                f"Let the container use the machine's network: docker run --network host -e {_ADDRESS}.",
            ) from None
        finally:
            connection.close()
        return [f"Set {export.env_name} for the rest of this build."]

    def _connection(self) -> tuple["http.client.HTTPConnection", str]:
        """A connection to the worker, and what to ask there. The token goes to this very machine or nowhere."""
        import http.client  # noqa: PLC0415
        from ipaddress import ip_address  # noqa: PLC0415
        from urllib.parse import urlsplit  # noqa: PLC0415

        try:
            url = urlsplit(self.env.get(_ADDRESS, ""))
            host = url.hostname or ""
            if url.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback):
                connection = http.client.HTTPConnection(host, url.port, timeout=_PATIENCE)
                return connection, f"{url.path.rstrip('/')}/api/build/variables"
        except ValueError:
            pass
        raise ExportError(
            f"{_ADDRESS} is not set, or is not an http:// address of this machine.",
            "docker run does not hand the worker's variables on by itself.",
            f"Hand it on: docker run --network host -e {_ADDRESS}.",
        )

    def explain_missing(self, error: MissingInputError) -> MissingInputError:
        """Pull requests get no secure variables unless the project's settings say so."""
        if not self.env.get("APPVEYOR_PULL_REQUEST_NUMBER"):
            return error
        return error.because(
            "This build is of a pull request, and AppVeyor hands no secure variables to those by default.",
            "Skip this for them: if it is set, APPVEYOR_PULL_REQUEST_NUMBER says that it is one.",
        )


SYSTEM = AppVeyor
