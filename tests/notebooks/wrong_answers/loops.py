"""Training loops with a bug, for the exercises of notebooks 04 and 09."""

import copy

import numpy as np
import torch
from torch import nn


def loop(model, train_loader, val_loader, max_epochs, patience, *, bug=""):
    """Train with early stopping and return the validation losses, optionally with a bug."""
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    if bug == "trains a copy":
        optimizer = torch.optim.Adam(copy.deepcopy(model).parameters(), lr=1e-3)
    best, before, waited, kept, val_losses = np.inf, np.inf, 0, None, []
    if bug != "no train":
        model.train()
    for _ in range(max_epochs if bug != "endless" else 10**9):
        start = copy.deepcopy(model.state_dict())
        if bug == "measures first":
            measure(model, val_loader, criterion)
        if bug == "new optimizer":
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        if bug not in ("no train", "train once"):
            model.train()
        learn(model, train_loader, criterion, optimizer, bug)
        if bug == "learns from validation":
            learn(model, val_loader, criterion, optimizer, "")
        if bug != "no eval":
            model.eval()
        with torch.set_grad_enabled(bug == "no no_grad"):
            val_losses.append(measure(model, val_loader, criterion, bug))
            if bug == "test set":
                model(torch.ones(2, 9, dtype=torch.int64), torch.tensor([9, 9]))
        val_loss, waited = val_losses[-1], waited + 1
        if val_loss < best or (bug == "equal" and val_loss == best):
            best, waited = val_loss, waited if bug == "in total" else 0
            kept = copy.deepcopy(model.state_dict())
            if bug == "alias":
                kept = model.state_dict()
            if bug == "shallow copy":
                kept = model.state_dict().copy()
            if bug == "copies the model":  # no bug
                kept = copy.deepcopy(model).state_dict()
            if bug == "copied too early":
                kept = start
        if bug == "in total":
            waited -= val_loss == best
        if bug == "previous":
            waited, before = 0 if val_loss < before else waited, val_loss
        if bug == "restores in the loop":
            model.load_state_dict(kept)
        if bug in ("never stops", "endless"):
            continue
        if waited >= patience + (bug == "late") - (bug == "early"):
            if bug == "restores if stopped":
                model.load_state_dict(kept)
            break
    else:
        if bug == "restores if not stopped":
            model.load_state_dict(kept)
    if bug not in ("never restored", "restores if stopped", "restores if not stopped"):
        model.load_state_dict(kept)
    return val_losses


def learn(model, loader, criterion, optimizer, bug):
    """Train for one epoch."""
    for padded, lengths, labels in loader:
        if bug not in ("no zero_grad", "zero_grad too late"):
            optimizer.zero_grad()
        loss = criterion(model(padded, lengths), labels)
        if bug != "no backward":
            loss.backward()
        if bug == "zero_grad too late":
            optimizer.zero_grad()
        if bug not in ("no step", "one step per epoch"):
            optimizer.step()
        if bug == "first batch only":
            break
    if bug == "one step per epoch":
        optimizer.step()


def measure(model, loader, criterion, bug=""):
    """Return the mean loss over sequences, optionally with a bug."""
    batches = [(criterion(model(p, n), y).item(), len(y)) for p, n, y in loader]
    losses, sizes = zip(*batches, strict=True)
    if bug == "batch means":
        return np.mean(losses)
    total = np.dot(losses, sizes)
    if bug == "sum":
        return total
    if bug == "sum by batches":
        return total / len(sizes)
    if bug == "all batches full":
        return total / (len(sizes) * max(sizes))
    return total / sum(sizes)


def with_bug(bug):
    """Return the loop with one bug."""
    return lambda *arguments: loop(*arguments, bug=bug)
