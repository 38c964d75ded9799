# Built first: an environment of its own for the program and what it needs, every package checked against its hash.
# What a build leaves behind stays in this stage.
FROM python:3.13-slim-bookworm AS build
COPY requirements.txt /build/
RUN python3 -m venv --without-pip /opt/bitbucket-token \
 && python3 -m pip --python /opt/bitbucket-token/bin/python3 install \
        --no-cache-dir --no-compile --require-hashes -r /build/requirements.txt
COPY pipe /build/pipe
RUN cp -r /build/pipe "$(/opt/bitbucket-token/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && printf '%s\n' '#!/opt/bitbucket-token/bin/python3 -I' 'import sys' 'sys.argv[1:] = ["post"]' \
        'from pipe.__main__ import start' 'start()' > /opt/bitbucket-token/bin/post \
 && chmod 755 /opt/bitbucket-token/bin/post \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/bitbucket-token

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="bitbucket-token" \
      org.opencontainers.image.description="A CI step that turns a Bitbucket consumer key and secret into a masked bearer token" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.licenses="MIT"
COPY LICENSE README.md pipe.yml /
COPY --from=build /opt/bitbucket-token /opt/bitbucket-token
# The base image has no bytecode of the standard library. Importing all that a run uses leaves it: each start is four
# times as fast, also where the root file system is read-only.
RUN ["/opt/bitbucket-token/bin/python3", "-I", "-c", "import encodings.ascii, encodings.utf_8_sig, dotenv, pkgutil, tenacity, pipe; [__import__(m.name) for m in pkgutil.walk_packages(pipe.__path__, 'pipe.')]"]
# Root, because a CI runner's files belong to it. No shell in between, which would drop variables with hyphens. An
# absolute path and -I, so that PATH, PYTHONPATH and PYTHONHOME from an earlier step change nothing.
ENTRYPOINT ["/opt/bitbucket-token/bin/python3", "-I", "-m", "pipe"]
