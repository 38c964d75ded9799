"""The image, a Bitbucket to talk to, and a look at everything that is printed."""

from collections.abc import Callable, Iterator

import pytest

from sandbox import Sandbox
from tests import parts
from tests.container import engine, images
from tests.oracle import Oracle


@pytest.fixture(scope="session")
def base() -> str:
    """What the image is built on, in words."""
    parts.need("docker")
    if not images.has_base():
        parts.need("mmdebstrap")
    return images.provide_base()


@pytest.fixture(scope="session")
def image(base: str) -> str:  # noqa: ARG001 - it has to be there
    """The product's image, built from the tree."""
    engine.build(engine.PIPE_IMAGE)
    return engine.PIPE_IMAGE


@pytest.fixture(scope="session")
def job_image() -> str:
    """An image that a CI step runs in."""
    parts.need("docker")
    if not images.has_job():
        parts.need("mmdebstrap")
    return images.provide_job()


@pytest.fixture
def bitbucket() -> Iterator[Sandbox]:
    """A Bitbucket of the test's own."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def given(bitbucket: Sandbox) -> dict[str, str]:
    """What the pipe is given: a consumer, and the way from the host's network to that Bitbucket's real names."""
    return {
        "CONSUMER_KEY": bitbucket.consumer.key,
        "CONSUMER_SECRET": bitbucket.consumer.secret,
        "HTTPS_PROXY": bitbucket.proxy_url,
        "CA_FILE": "/ca.pem",
    }


@pytest.fixture
def ca(bitbucket: Sandbox) -> str:
    """The option that gives a container that Bitbucket's CA."""
    return f"--volume={bitbucket.ca_file}:/ca.pem:ro"


@pytest.fixture
def leaks_nothing(bitbucket: Sandbox) -> Callable[[str, str], None]:
    """Check that a text shows no form of any secret there is, and that there is one to be shown."""

    def check(name: str, text: str) -> None:
        assert bitbucket.tokens
        oracle = Oracle([bitbucket.consumer.secret], key=bitbucket.consumer.key)
        for token in bitbucket.tokens:
            oracle.learn(token.value)
        oracle.check(name, text)

    return check
