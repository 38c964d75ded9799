"""Step 4: whether the server's certificate is trusted, by whom it is, and how long it is good for."""

import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from pipe.errors import PipeError, UnreachableError
from pipe.first_aid.case import Case
from pipe.first_aid.finding import Finding, fine
from pipe.first_aid.wire import Server, connected, tls_context, tried

_DAY = 86_400
_FEW_DAYS = 14


def examine(case: Case) -> Finding:
    """Do a handshake with each server, with the trust of a run."""

    def probe(server: Server) -> Finding:
        if not server.is_secure:
            return fine(f"none for {server.host}, which is asked over plain HTTP")
        if server.proxy.lower().startswith("https:"):
            return fine(f"inside that of the proxy for {server.host}; the step token endpoint tries it")
        try:
            version, certificate = tried(
                case.http, server, lambda: _handshake(server, case), timeout=case.inputs.timeout
            )
        except PipeError as error:
            raise _with_reason(error) from error
        return _told(server.host, version, certificate)

    return case.on_each_server("tls", probe)


def _handshake(server: Server, case: Case) -> tuple[str, Mapping[str, object]]:
    with connected(server, case.inputs.timeout, tls_context(case.ca_file)) as connection:
        secure = connection.sock
        if not isinstance(secure, ssl.SSLSocket):
            raise OSError("no TLS")
        return secure.version() or "", secure.getpeercert() or {}


def _told(host: str, version: str, certificate: Mapping[str, object]) -> Finding:
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    days = int((ends - time.time()) // _DAY)
    issuer = _issuer(certificate.get("issuer"))
    facts = {
        "version": version,
        "issuer": issuer,
        "ends": datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "days": days,
    }
    what = f"{host} by {version}, certificate of {issuer} with {days} days left"
    if days >= _FEW_DAYS:
        return fine(what, facts)
    return fine(
        f"Warning: {what}",
        facts,
        why=f"From its last day on, {facts['ends']}, nothing reaches {host} any more.",
        now="Have the certificate renewed; see whether this runner's clock is right.",
    )


def _issuer(value: object) -> str:
    """The issuer's name for people, of the pairs that Python makes of it."""
    pairs = [pair for part in value for pair in part] if isinstance(value, tuple) else []
    names = dict(reversed(pairs))
    return str(names.get("organizationName") or names.get("commonName") or "an issuer without a name")


def _with_reason(error: PipeError) -> PipeError:
    """Add what OpenSSL says, and this machine's time where that is a part of it: one of the two is wrong."""
    cause = error.__cause__
    if not isinstance(cause, ssl.SSLCertVerificationError):
        return error
    reason = cause.verify_message
    if "expired" in reason or "not yet valid" in reason:
        reason += f"; this runner's clock says {datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}"
    return UnreachableError(f"{error.what} OpenSSL says: {reason.rstrip('.')}.", error.why, error.now)
