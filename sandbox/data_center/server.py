"""The REST API: who asks, and which resource answers."""

import base64
import binascii
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from sandbox.data_center import answers, projects
from sandbox.data_center.people import ApplicationLink, HttpToken, User
from sandbox.data_center.signatures import SignatureError, Signatures
from sandbox.data_center.tokens import HttpTokens, RefusedError, Wish
from sandbox.messages import Request, Response, json_response

_PATH = re.compile(r"(?:/bitbucket)?/rest/(api|access-tokens)/(?:1\.0|latest)/(.+)")
_CAPTCHA_AFTER = 5


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who asks; nobody if there is no user. A token cannot do all that its user can."""

    user: User | None = None
    by_http_token: bool = False


class DataCenter:
    """A Data Center with a few users, at the root of the host and below the context path `/bitbucket`.

    `bot` is the user of a pipeline: it administers the project PRJ and no more. The link acts as `bot` too.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.bot = User("Build.Bot@example.com", "build.bot_example.com", administers=frozenset({"PRJ", "~bot"}))
        self.other = User("build.bot", "build.bot")
        self.admin = User("admin", "admin", administers=frozenset({"PRJ", "TOP", "~bot"}), system_admin=True)
        self.users = [self.bot, self.admin, self.other]
        self.projects = {"PRJ": {"hello", "world"}, "TOP": {"secret"}, "~bot": {"own"}}
        self.link = ApplicationLink("the-link", execute_as=self.bot.name)
        self.links = {self.link.consumer_key: self.link}
        self.tokens = HttpTokens(clock)
        self.oauth2_tokens: dict[str, User] = {}
        """OAuth 2.0 access tokens by their text."""
        self._clock = clock
        self._signatures = Signatures(self.links)
        self._lock = threading.Lock()

    @property
    def secrets(self) -> list[str]:
        """All that a program may be given and must not show."""
        passwords, keys = (user.password for user in self.users), (link.pem for link in self.links.values())
        return [*passwords, *keys, *self.oauth2_tokens]

    def oauth2_token(self, user: User) -> str:
        """Return an OAuth 2.0 access token, as an authorization code would have given it."""
        value = f"oauth2-{user.slug}-{len(self.oauth2_tokens)}-{self.tokens.random()}"
        self.oauth2_tokens[value] = user
        return value

    @staticmethod
    def serves(path: str) -> bool:
        """Say whether that path is one of its own."""
        return _PATH.fullmatch(path) is not None

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            try:
                caller = self._caller(request)
                answer = self._answer(request, caller)
            except RefusedError as refused:
                answer = refused.response
                caller = _Caller(refused.user)
        if caller.user is None:
            return answer
        return Response(answer.status, answer.body, {**answer.headers, "X-AUSERNAME": quote(caller.user.name, safe="")})

    def _caller(self, request: Request) -> _Caller:
        scheme, credentials = request.authorization
        if scheme == "basic":
            return _Caller(self._by_password(credentials))
        if scheme == "bearer":
            if credentials in self.oauth2_tokens:
                return _Caller(self.oauth2_tokens[credentials])
            token = self.tokens.find(credentials)
            if token is None:
                raise RefusedError(answers.wrong_credentials(request))
            return _Caller(token.user, by_http_token=True)
        try:
            signed = self._signatures.verify(request, self._clock())
        except SignatureError as problem:
            raise RefusedError(answers.oauth_problem(request, str(problem))) from None
        if signed is None:
            return _Caller()
        return _Caller(self._linked(signed.link, signed.requestor, request))

    def _linked(self, link: ApplicationLink, requestor: str, request: Request) -> User | None:
        if not (link.impersonates if requestor else link.two_legged):
            raise RefusedError(answers.oauth_problem(request, "permission_denied"))
        if not (requestor or link.execute_as):
            return None
        user = next((one for one in self.users if one.name == (requestor or link.execute_as)), None)
        if user is None or not user.active:
            raise RefusedError(answers.oauth_problem(request, "permission_denied"))
        return user

    def _by_password(self, credentials: str) -> User:
        try:
            name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise RefusedError(answers.wrong_password()) from None
        user = next((one for one in self.users if one.name == name), None)
        if user is None:
            raise RefusedError(answers.wrong_password())
        if user.wrong_passwords >= _CAPTCHA_AFTER:
            raise RefusedError(answers.captcha())
        if user.password != password:
            user.wrong_passwords += 1
            raise RefusedError(answers.wrong_password())
        user.wrong_passwords = 0
        return user

    def _answer(self, request: Request, caller: _Caller) -> Response:
        found = _PATH.fullmatch(request.path)
        if found is None:
            return answers.nothing_here()
        if found[1] == "access-tokens":
            return self._access_tokens(request, caller, found[2])
        if found[2] == "application-properties":
            return json_response(200, {"version": "9.4.2", "buildNumber": "9004002", "displayName": "Bitbucket"})
        if caller.user is not None and (listed := projects.listed(request, self.projects, found[2])):
            return listed
        if found[2].startswith("projects/"):
            return self._project(request, caller, found[2])
        if found[2] != "users":
            return answers.nothing_here()
        if caller.user is None:
            return answers.not_permitted()
        part = request.parameters.get("filter", "").lower()
        return answers.page(request, [answers.user(one) for one in self.users if part in one.name.lower()])

    def _project(self, request: Request, caller: _Caller, path: str) -> Response:
        """A project, or one of its repositories; only for those who administer it, as nobody else is a member here."""
        names = [unquote(part) for part in path.split("/")]
        owner, rest = self._owner(names)
        if request.method != "GET" or rest is not None:
            return answers.nothing_here()
        if not self._may(caller, owner, request.method):
            return answers.not_permitted()
        shown = {"key": names[1], "id": 21} if len(names) == 2 else {"slug": names[3], "id": 47, "state": "AVAILABLE"}
        return json_response(200, shown)

    def _access_tokens(self, request: Request, caller: _Caller, path: str) -> Response:
        names = [unquote(part) for part in path.split("/")]
        owner, token_id = self._owner(names)
        if caller.user is None or not self._may(caller, owner, request.method):
            return answers.not_permitted()
        if request.method == "GET" and token_id is None:
            return answers.page(request, [answers.token(one) for one in self.tokens.of(owner)])
        if request.method == "PUT" and token_id is None:
            created = self.tokens.create(caller.user, owner, Wish.read(request.body))
            return json_response(200, {**answers.token(created), "token": created.value})
        if request.method == "DELETE" and token_id is not None:
            return Response(204) if self.tokens.delete(owner, token_id) else answers.no_such("token", token_id)
        return answers.nothing_here()

    def _owner(self, names: list[str]) -> tuple[str, str | None]:
        """The path of the owner, and the id that follows it."""
        match names:
            case ["users", slug, *rest] if len(rest) <= 1:
                known, kind, owner = any(one.slug == slug for one in self.users), "user", f"users/{slug}"
            case ["projects", key, "repos", slug, *rest] if len(rest) <= 1:
                known, kind, owner = slug in self.projects.get(key, ()), "repository", f"projects/{key}/repos/{slug}"
            case ["projects", key, *rest] if len(rest) <= 1:
                known, kind, owner = key in self.projects, "project", f"projects/{key}"
            case _:
                raise RefusedError(answers.nothing_here())
        if not known:
            raise RefusedError(answers.no_such(kind, owner))
        return owner, rest[0] if rest else None

    def _may(self, caller: _Caller, owner: str, method: str) -> bool:
        """Administrators may look at the tokens of others and delete them, but make none for them."""
        user = caller.user
        if user is None or (caller.by_http_token and method != "GET"):
            return False
        kind, _, rest = owner.partition("/")
        if kind == "users":
            return rest == user.slug or (user.system_admin and method != "PUT")
        key, _, slug = rest.partition("/repos/")
        return bool({key, f"{key}/{slug}"} & user.administers)

    def mint(self, owner: str, name: str, user: User | None = None) -> HttpToken:
        """Return a token as somebody would have made it before."""
        return self.tokens.create(user or self.bot, owner, Wish(name, ("REPO_READ",), 30))
