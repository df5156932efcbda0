"""Ctrl-C interrupts training only while the next batch is fetched, and only once."""

import signal
import threading
from contextlib import nullcontext

import pytest

from seqclf_utils.extras.interrupts import CtrlC

pytestmark = pytest.mark.usefixtures("python_handles_ctrl_c")


def press_ctrl_c():
    """Send SIGINT to this process, as Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)


class Pressing:
    """An iterable of batches 1, 2 and 3, with Ctrl-C pressed while batch `at` is fetched."""

    def __init__(self, at):
        self.at = at

    def __iter__(self):
        """Yield the batches."""
        for number in (1, 2, 3):
            if number == self.at:
                press_ctrl_c()
            yield number


def test_batches_are_unchanged():
    """Without Ctrl-C, a stoppable loader yields the original batches in every pass."""
    with CtrlC() as stoppable:
        for loader in ([1, 2, 3], [1, 2, 3], [], iter([4]), Pressing(None)):
            assert list(stoppable(loader)) in ([1, 2, 3], [], [4])


@pytest.mark.parametrize("at", [1, 2, 3])
def test_fetching_is_interrupted_at_once(at):
    """Ctrl-C while a batch is fetched raises KeyboardInterrupt at once."""
    done = []
    with CtrlC() as stoppable, pytest.raises(KeyboardInterrupt):
        for batch in stoppable(Pressing(at)):
            done.append(batch)

    assert done == list(range(1, at))


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_batch_is_finished_first(at):
    """Ctrl-C during a batch takes effect before the next one is fetched."""
    done = []
    with CtrlC() as stoppable, pytest.raises(KeyboardInterrupt):
        for batch in stoppable([1, 2, 3]):
            if batch == at:
                press_ctrl_c()
            done.append(batch)

    assert done == list(range(1, at + 1))


def test_other_code_is_finished_first():
    """Ctrl-C between two epochs takes effect before the next epoch begins."""
    done = []
    with CtrlC() as stoppable:
        press_ctrl_c()
        done.append("bookkeeping")
        with pytest.raises(KeyboardInterrupt):
            done.extend(stoppable([1, 2, 3]))

    assert done == ["bookkeeping"]


def test_a_second_ctrl_c_does_not_interrupt_the_clean_up():
    """After the first KeyboardInterrupt, no second one is raised, even in a `finally` block."""
    done = []

    class CleaningUp:
        def __iter__(self):
            try:
                press_ctrl_c()
                yield 1
            finally:
                press_ctrl_c()
                done.append("inner")

    with CtrlC() as stoppable:
        try:
            list(stoppable(CleaningUp()))
        except KeyboardInterrupt:
            press_ctrl_c()
            done.append("outer")

    assert done == ["inner", "outer"]


def test_errors_of_the_loader_are_raised():
    """An error in the loader is raised, and Ctrl-C is deferred again afterwards."""
    done = []
    with CtrlC() as stoppable:
        with pytest.raises(ZeroDivisionError):
            list(stoppable(1 // number for number in (1, 0)))
        press_ctrl_c()
        done.append("after")

    assert done == ["after"]


@pytest.mark.parametrize("ending", [None, ValueError("bad"), KeyboardInterrupt()])
def test_the_handler_is_restored(ending):
    """However the context ends, the original handler is restored and errors are passed on."""
    with pytest.raises(type(ending)) if ending else nullcontext() as caught, CtrlC():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        if ending:
            raise ending

    assert ending is None or caught.value is ending
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda number, frame: None])
def test_other_handlers_stay(handler):
    """A program's own handler for Ctrl-C is left in place."""
    signal.signal(signal.SIGINT, handler)

    with CtrlC() as stoppable:
        assert signal.getsignal(signal.SIGINT) is handler
        assert list(stoppable(Pressing(2))) == [1, 2, 3]

    assert signal.getsignal(signal.SIGINT) is handler


def test_other_threads_can_use_it():
    """In a thread that cannot change signal handlers, the context has no effect."""
    seen = []

    def work():
        with CtrlC() as stoppable:
            seen.extend(stoppable([signal.getsignal(signal.SIGINT)]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [signal.default_int_handler]
