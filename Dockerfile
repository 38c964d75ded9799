# Built first: an environment of its own for the program and what it needs, every package checked against its hash.
# pip, the lock file and whatever else a build leaves behind stay in this stage.
FROM python:3.13-slim-bookworm AS build
COPY requirements.txt /build/
RUN python3 -m venv --without-pip /opt/bitbucket-token \
 && python3 -m pip --python /opt/bitbucket-token/bin/python3 install \
        --no-cache-dir --no-compile --require-hashes -r /build/requirements.txt
COPY pipe /build/pipe
RUN cp -r /build/pipe "$(/opt/bitbucket-token/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/bitbucket-token

FROM python:3.13-slim-bookworm
COPY --from=build /opt/bitbucket-token /opt/bitbucket-token
ENTRYPOINT ["/opt/bitbucket-token/bin/python3", "-I", "-m", "pipe"]
