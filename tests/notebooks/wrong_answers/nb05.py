"""Typical wrong answers to the exercises of notebook 05, with part of the hint for each."""

import numpy as np
import torch

from seqclf_utils import exercises
from seqclf_utils.model import masked_mean


def attention(
    *, pad_score=-torch.inf, pad_weight=None, dim=1, mean=False, fill=True, safe=True, add=False
):
    """Return an `attention_pool`, optionally with a bug."""

    def attention_pool(outputs, lengths, scores):
        is_pad = torch.arange(outputs.size(1)) >= lengths[:, None]
        if add:
            scores = scores + torch.where(is_pad, -torch.inf, 0.0)
        elif pad_score is not None:
            scores = scores.masked_fill(is_pad, pad_score)
        weights = scores.softmax(dim=dim)
        if not safe:
            weights = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
        if pad_weight is not None:
            weights = weights.masked_fill(is_pad, pad_weight)
        if fill:
            outputs = outputs.masked_fill(is_pad[:, :, None], 0)
        weighted = weights[:, :, None] * outputs
        return weighted.mean(dim=1) if mean else weighted.sum(dim=1)

    return attention_pool


def fills_in_place(outputs, lengths, scores):
    """Modify the scores in place."""
    is_pad = torch.arange(outputs.size(1)) >= lengths[:, None]
    weights = scores.masked_fill_(is_pad, -torch.inf).softmax(dim=1)
    return (weights[:, :, None] * outputs).sum(dim=1)


def subtracts_one_maximum(outputs, lengths, scores):
    """Subtract the largest score of the whole batch."""
    is_pad = torch.arange(outputs.size(1)) >= lengths[:, None]
    raised = (scores - scores[~is_pad].max()).exp().masked_fill(is_pad, 0)
    outputs = outputs.masked_fill(is_pad[:, :, None], 0)
    return ((raised / raised.sum(dim=1, keepdim=True))[:, :, None] * outputs).sum(dim=1)


def weighs_by_scores(outputs, lengths, scores):
    """Leave out the exponential."""
    is_pad = torch.arange(outputs.size(1)) >= lengths[:, None]
    weights = scores.masked_fill(is_pad, 0)
    return ((weights / weights.sum(dim=1, keepdim=True))[:, :, None] * outputs).sum(dim=1)


def cut_from_the_graph(outputs, lengths, scores):
    """Compute with detached scores."""
    return attention()(outputs, lengths, scores.detach())


def with_a_weight_of_its_own(outputs, lengths, scores):
    """Return a result that depends on a parameter other than the scores."""
    return attention()(outputs, lengths, scores.detach()) * torch.ones(1, requires_grad=True)


WRONG = {
    exercises.check_paired_difference: [
        (lambda a, b: (a - b).mean(), "return two numbers"),
        (lambda a, b: ((b - a).mean(), 0.1), "wrong way round"),
        (lambda a, b: ((a - b).mean(), (a - b).std(ddof=1)), "divide by sqrt(n)"),
        (lambda a, b: ((a - b).mean(), (a - b).std() / 2), "ddof=1"),
        (
            lambda a, b: ((a - b).mean(), np.sqrt(a.var(ddof=1) / 4 + b.var(ddof=1) / 4)),
            "differences first",
        ),
        (
            lambda a, b: (0.5, 0.1),
            "the mean difference is 0.0750 for [0.9, 0.8, 0.7, 0.6] and [0.8,",
        ),
        (lambda a, b: ((a - b).mean(), (a - b).std()), "that is the standard deviation"),
        (lambda a, b: ((a - b).std(ddof=1) / np.sqrt(len(a)), (a - b).mean()), "wrong order"),
        (
            lambda a, b: (abs(a - b).mean(), abs(a - b).std(ddof=1) / np.sqrt(len(a))),
            "keep the sign",
        ),
        (lambda a, b: ((a - b).mean(), (a - b).std(ddof=1) / len(a)), "square root"),
        (lambda a, b: 2 * [(a - b).mean()], "the standard error is"),
    ],
    exercises.check_last_and_avg: [
        (
            lambda o, n: torch.cat([masked_mean(o, n), o[torch.arange(2), n - 1]], dim=1),
            "wrong order",
        ),
        (lambda o, n: torch.cat([o[:, -1], masked_mean(o, n)], dim=1), "has length 2"),
        (
            lambda o, n: torch.cat([o[torch.arange(2), n - 1], o.mean(dim=1)], dim=1),
            "includes padding",
        ),
        (masked_mean, "should have shape (N, 2 H)"),
        (lambda o, n: o.reshape(5), "your code raised RuntimeError"),
        (
            lambda o, n: torch.cat([o[:, n - 1], masked_mean(o, n)], dim=1),
            "takes the last step of *every* sequence",
        ),
        (
            lambda o, n: torch.cat([o[:, n - 1].flatten(1), masked_mean(o, n)], dim=1),
            "row with its own step",
        ),
        (lambda o, n: torch.ones(2, 2), "expected [[3.0, 2.0]"),
        (
            lambda o, n: torch.stack(
                [o[torch.arange(len(n)), n - 1], masked_mean(o, n)], dim=2
            ).flatten(1),
            "last and avg alternate",
        ),
        (
            lambda o, n: torch.stack(
                [o[torch.arange(len(n)), n - 1], masked_mean(o, n)], dim=1
            ).squeeze(),
            "join along the last axis",
        ),
        (
            lambda o, n: torch.cat(
                [o.masked_fill(o == 8, 0).amax(dim=1), masked_mean(o, n)], dim=1
            ),
            "for N = 3 and H = 2, got",
        ),
    ],
    exercises.check_attention_pool: [
        (attention(pad_score=None, fill=False), "with the largest score"),
        (attention(pad_score=None, pad_weight=0), "add up to less than 1"),
        (attention(pad_score=0.0, fill=False), "exp(0) is 1. Fill"),
        (attention(dim=0), "softmax over the time steps"),
        (attention(mean=True), "don't divide again"),
        (lambda o, n, s: masked_mean(o, n), "your scores have no effect"),
        (attention(add=True), "don't add it"),
        (attention(fill=False), "Fill outputs, too"),
        (attention(safe=False), "let softmax do it"),
        (attention(pad_score=-100.0), "must be lower still"),
        (fills_in_place, "changes one of its arguments"),
        (cut_from_the_graph, "no gradient reaches the scores"),
        (subtracts_one_maximum, "sequence's own maximum"),
        (weighs_by_scores, "Take exp first"),
        (lambda o, n, s: s.softmax(dim=1), "should have shape"),
        (lambda o, n, s: attention()(o, n, s) / n[:, None], "so the weighted sum is the mean"),
        (with_a_weight_of_its_own, "they could never be learned"),
        (lambda o, n, s: o[:, 0], "[5.819, 1.271]] for a small case, got [[1.0, 4.0], [4.0, 1.0]]"),
    ],
}
