"""Let Ctrl-C, or the stop button of a notebook, end training without tearing anything apart."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType, TracebackType
from typing import TypeVar

T = TypeVar("T")


class CtrlC:
    """Let Ctrl-C interrupt the way from one batch to the next, and finish everything else first.

    Python raises KeyboardInterrupt between any two steps of a program: between keeping an epoch's
    loss and keeping its weights, or inside `torch.no_grad()`, which then stays on. Inside this
    context it is raised where a batch is fetched, and only once. Where Ctrl-C does not raise
    KeyboardInterrupt (another handler, another thread than the main one) all stays as it is.

    Example:
        >>> with CtrlC() as stoppable:
        ...     for batch in stoppable([1, 2]):
        ...         print(f"batch {batch}: whatever happens here is finished")
        batch 1: whatever happens here is finished
        batch 2: whatever happens here is finished
    """

    def __init__(self) -> None:
        self.is_allowed = False
        self.is_waiting = False
        self.is_ours = False

    def __enter__(self) -> Callable[[Iterable[T]], Iterator[T]]:
        """Take over Ctrl-C from Python's own handler, and return what makes loaders stoppable."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self.is_ours = True
            signal.signal(signal.SIGINT, self._handle)
        return self._stoppable

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give Ctrl-C back."""
        if self.is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _stoppable(self, loader: Iterable[T]) -> Iterator[T]:
        """Fetch batches, and let Ctrl-C interrupt that.

        Args:
            loader: The batches.

        Yields:
            The same batches.

        Raises:
            KeyboardInterrupt: If Ctrl-C is pressed while a batch is fetched, or was pressed before.
        """
        batches = iter(loader)
        while True:
            self.is_allowed = True
            try:
                if self.is_waiting:
                    raise KeyboardInterrupt
                batch = next(batches)
            except StopIteration:
                return
            finally:
                self.is_allowed = False
            yield batch

    def _handle(self, signal_number: int, frame: FrameType | None) -> None:
        """Raise where that is allowed; else remember."""
        self.is_waiting = True
        if self.is_allowed:
            self.is_allowed = False  # once: a second Ctrl-C must not reach what tidies up
            raise KeyboardInterrupt
