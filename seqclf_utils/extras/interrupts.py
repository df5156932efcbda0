"""Defer Ctrl-C, or the stop button of a notebook, until no work is half done."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial


class CtrlC:
    """Let Ctrl-C interrupt only the fetching of batches.

    Python can raise KeyboardInterrupt between any two instructions: for example, between recording
    an epoch's loss and copying the weights, or inside `torch.no_grad()`, which then stays active.
    Inside this context, the exception is raised only once, while a batch is fetched or just before
    the next batch is fetched. If Ctrl-C does not raise KeyboardInterrupt, because a different
    handler is set or the thread is not the main thread, nothing changes.

    Example:
        >>> with CtrlC() as stoppable:
        ...     for batch in stoppable([1, 2]):
        ...         print(f"batch {batch} is always finished")
        batch 1 is always finished
        batch 2 is always finished
    """

    def __enter__(self) -> Callable[[Iterable], Iterable]:
        """Replace Python's own handler, and return a function that makes a loader stoppable."""
        self.is_allowed, self.is_pending = False, False
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
        return partial(_StoppableLoader, self)

    def __exit__(self, *error: object) -> None:
        """Restore Python's own handler, unless `__enter__` left a different handler in place."""
        if signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, signal_number: int, frame: object) -> None:
        """Raise KeyboardInterrupt if that is allowed; otherwise remember the request."""
        self.is_pending = True
        if self.is_allowed:
            self.is_allowed = False  # once: a second Ctrl-C must not interrupt the clean-up
            raise KeyboardInterrupt


class _StoppableLoader:
    """A loader that Ctrl-C may interrupt while it fetches a batch."""

    def __init__(self, ctrl_c: CtrlC, loader: Iterable) -> None:
        self.ctrl_c, self.loader = ctrl_c, loader

    def __iter__(self) -> Iterator:
        """Yield the batches; allow KeyboardInterrupt only while a batch is fetched."""
        batches = iter(self.loader)
        while True:
            self.ctrl_c.is_allowed = True
            try:
                if self.ctrl_c.is_pending:
                    raise KeyboardInterrupt
                batch = next(batches)
            except StopIteration:
                return
            finally:
                self.ctrl_c.is_allowed = False
            yield batch
