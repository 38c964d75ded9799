"""Answers on standard output, in the order of the paths; failures told as they come."""

from collections.abc import Callable, Iterable, Sequence
from select import select
from typing import BinaryIO

from pipe.errors import ExportError, PipeError
from pipe.rest.flight import Ended
from pipe.rest.lines import Piece
from pipe.rest.progress import Progress


class Output:
    """Prints on `stream`. `paths` are what the failures are told of, by `tell`; that of an only path is raised."""

    def __init__(
        self, stream: BinaryIO, paths: Sequence[str], tell: Callable[[PipeError], None], progress: Progress
    ) -> None:
        self._stream = stream
        self._paths = paths
        self._tell = tell
        self._progress = progress

    def print_all(self, items: Iterable[tuple[int, Piece | Ended]]) -> None:
        """Print what comes, piece by piece.

        Raises `BrokenPipeError` if nobody reads any more, `ExportError` if it cannot be written, and at the end a
        `PipeError` of the first failure's kind.
        """
        failures: list[PipeError] = []
        for number, item in items:
            if isinstance(item, Piece):
                self._progress.add(item.values)
                self._write(item.text)
            elif item.failure is not None:
                failures.append(item.failure)
                self._failed(number, item.failure)
        if failures:
            raise type(failures[0])(
                f"{len(failures)} of {len(self._paths)} paths failed.",
                "Each failure is told above. The first one decides the exit code.",
                "Correct those paths, and ask for them again.",
            )

    def _failed(self, number: int, failure: PipeError) -> None:
        if len(self._paths) == 1:
            raise failure
        self._progress.wipe()
        self._tell(type(failure)(f"{self._paths[number]}: {failure.what}", failure.why, failure.now))

    def _write(self, text: bytes) -> None:
        try:
            self._write_all(text)
        except BrokenPipeError:
            raise
        except (OSError, ValueError):
            raise ExportError(
                "Standard output cannot be written: the answer is not printed whole.",
                "The disk is full, or standard output is closed.",
                "Look at where the output goes.",
            ) from None

    def _write_all(self, text: bytes) -> None:
        """Write and flush, also where that does not wait for the reader, as some CI systems' standard output."""
        left = memoryview(text)
        while True:
            try:
                self._stream.write(left)
                left = left[len(left) :]
                self._stream.flush()
            except BlockingIOError as busy:
                left = left[busy.characters_written :]
                select([], [self._stream], [])
            else:
                return
