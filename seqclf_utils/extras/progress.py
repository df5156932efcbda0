"""Progress bars for interactive sessions, and parallel training runs."""

from collections.abc import Callable, Iterable

import joblib
import torch
from tqdm import tqdm

from seqclf_utils.extras.interactive import in_notebook, is_interactive


def epochs_left(losses: list[tuple], max_epochs: int, *, progress: bool, live: bool) -> Iterable:
    """Iterate over the remaining epochs and show progress in interactive sessions.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch; the caller extends the list.
        max_epochs: Number of the last epoch.
        progress: Whether to show a progress bar.
        live: Whether to draw the loss curves after each epoch, in a notebook.

    Returns:
        The epochs after the last epoch in `losses`.
    """
    epochs = range(len(losses) + 1, max_epochs + 1)
    if progress:
        epochs = _with_bar(epochs, total=max_epochs, initial=len(losses), unit="epoch")
    if live and is_interactive() and in_notebook():
        from seqclf_utils.extras.live import with_curves  # loads ipywidgets

        epochs = with_curves(epochs, losses)
    return epochs


def run_parallel(
    function: Callable, arguments: Iterable[tuple], *, n_jobs: int = 2, **options: object
) -> list:
    """Call a function once for each tuple of arguments, with several calls in parallel.

    The calls run in separate processes, each with one PyTorch thread and with default settings. A
    function that needs `agree_across_machines` must therefore call it itself. Interactive sessions
    show a progress bar, which disappears afterwards.

    Args:
        function: Called as `function(*args, **options)`; may be defined in a notebook.
        arguments: One tuple for each call, such as `[("last", 0), ("last", 1)]`.
        n_jobs: Number of processes.
        options: Keyword arguments of every call.

    Returns:
        The results, in the order of the arguments.

    Example:
        >>> run_parallel(pow, [(2, 3), (3, 2)], n_jobs=1)
        [8, 9]
    """
    call = joblib.delayed(_run_in_one_thread)
    jobs = [call(number, function, args, options) for number, args in enumerate(arguments)]
    # Unordered, so that the bar advances whenever a call ends.
    results = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs)
    by_number = dict(_with_bar(results, total=len(jobs), unit="run"))
    return [by_number[number] for number in range(len(jobs))]


def _run_in_one_thread(number: int, function: Callable, args: tuple, options: dict) -> tuple:
    """Return the call's number and result; use one PyTorch thread because processes share cores."""
    torch.set_num_threads(1)
    return number, function(*args, **options)


def _with_bar(items: Iterable, **options: object) -> Iterable:
    """Show a progress bar during the iteration if the session is interactive."""
    if not is_interactive():
        return items
    if in_notebook():
        from seqclf_utils.extras.live import with_bar  # loads ipywidgets

        return with_bar(items, **options)
    return tqdm(items, leave=False, **options)
