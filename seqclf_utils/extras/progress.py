"""Show a person how training goes, and nobody else."""

from collections.abc import Iterator, Sequence

from tqdm import tqdm

from seqclf_utils.extras.interactive import in_notebook, person_watches


def epochs_left(
    losses: Sequence[tuple[int, float, float]], max_epochs: int, *, progress: bool, live: bool
) -> Iterator[int]:
    """Count the epochs that are left, and show how it goes.

    Args:
        losses: Epoch, train_loss and val_loss of each finished epoch; the caller adds to it.
        max_epochs: The last epoch.
        progress: Whether to show a progress bar while a person watches.
        live: Whether to draw the loss curves after each epoch, in a notebook that a person runs.

    Returns:
        The epochs, from the one after the last in `losses`.
    """
    epochs = range(len(losses) + 1, max_epochs + 1)
    if not (person_watches() and (progress or live)):
        return iter(epochs)
    if in_notebook():
        from seqclf_utils.extras.live import watch  # what draws is loaded only for who watches

        return watch(epochs, losses, progress=progress, live=live)
    bar = tqdm(
        epochs,
        initial=len(losses),
        total=max_epochs,
        unit="epoch",
        leave=False,
        disable=not progress,
    )
    return iter(bar)
