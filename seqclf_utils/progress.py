"""Show a person how training goes, and leave nothing behind in the notebook."""

from collections.abc import Iterator, Sequence

from tqdm.auto import tqdm

from seqclf_utils.audience import in_notebook, person_watches
from seqclf_utils.validation import check_flag


def epochs_left(
    losses: Sequence[tuple[int, float, float]], max_epochs: int, *, progress: bool, live: bool
) -> Iterator[int]:
    """Count the epochs that are left, and show how it goes.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch; the caller adds to it.
        max_epochs: The last epoch.
        progress: Whether to show a progress bar while a person watches.
        live: Whether to draw the loss curves anew after each epoch while a person watches.

    Returns:
        The epochs, from the one after the last in `losses`.

    Raises:
        TypeError: If `progress` or `live` is neither True nor False.
    """
    shown = check_flag("progress", progress)
    epochs = progress_bar(range(len(losses) + 1, max_epochs + 1), shown=shown)
    if check_flag("live", live) and person_watches() and in_notebook():
        from seqclf_utils.live import live_curves  # what draws is loaded only for who watches

        return live_curves(epochs, losses)
    return epochs


def progress_bar(steps: Sequence[int], *, shown: bool = True) -> Iterator[int]:
    """Wrap `steps` in a progress bar that only a person sees and that leaves nothing behind.

    Args:
        steps: What to count through.
        shown: False hides the bar always.

    Yields:
        The same steps, counted by tqdm.
    """
    watched = shown and person_watches()
    bar = tqdm(total=len(steps), unit="epoch", leave=False, disable=not watched)
    try:
        for step in steps:
            yield step
            bar.update()
    finally:
        bar.total = bar.n  # to stop early is no failure, for which tqdm would leave a red bar
        bar.close()
