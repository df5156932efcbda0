"""The classifier: embedding, LSTM, pooling over time, one linear logit."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqclf_utils.data import PAD_IDX, VOCAB_SIZE
from seqclf_utils.validation import (
    check_batch,
    check_choice,
    check_flag,
    check_outputs,
    check_sizes,
)

POOLINGS = ("last", "avg")


def masked_mean(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Average each sequence's outputs over its real time steps.

    Args:
        outputs: Padded LSTM outputs, float, shape (N, L, H).
        lengths: Real time steps of each sequence, int64 on the CPU, shape (N,), each 1..L.

    Returns:
        Pooled outputs, float, shape (N, H).

    Raises:
        TypeError: If `outputs` is not a tensor of floats, or `lengths` not one of int64.
        ValueError: If a shape is wrong, or a length is not 1..L.

    Example:
        >>> outputs = torch.tensor([[[2.0], [4.0], [9.0]]])  # time step 3 is padding
        >>> masked_mean(outputs, torch.tensor([2]))
        tensor([[3.]])
    """
    check_outputs(outputs, lengths)
    lengths = lengths.to(outputs.device)
    steps = torch.arange(outputs.size(1), device=outputs.device)  # (L,)
    is_pad = steps >= lengths[:, None]  # (N, L)
    # Fill, don't multiply: 0 * nan is still nan.
    totals = outputs.masked_fill(is_pad[:, :, None], 0.0).sum(dim=1)  # (N, H)
    return totals / lengths[:, None]  # (N, H)


class LSTMClassifier(nn.Module):
    """Read a sequence of symbols with an LSTM and return one logit.

    The LSTM is that of Hochreiter and Schmidhuber (1997) with forget gates, as in `torch.nn.LSTM`.

    Args:
        vocab_size: Number of symbols, padding (0) included.
        embed_dim: Size E of a symbol's embedding.
        hidden_size: Size H of the LSTM's state.
        pooling: "last" reads the output at each sequence's last real time step, "avg" the mean
            over its real time steps.
        packed: True runs a packed sequence; False runs the padded batch and reads it only where
            it is real. The logits are the same up to rounding.

    Raises:
        TypeError: If a size is not a whole number, or `packed` is not True or False.
        ValueError: If a size is too small or absurdly large, or `pooling` is unknown.

    Example:
        >>> model = LSTMClassifier(pooling="avg")
        >>> model(torch.tensor([[1, 6, 6], [3, 0, 0]]), torch.tensor([3, 1])).shape
        torch.Size([2])
    """

    def __init__(
        self,
        vocab_size: int = VOCAB_SIZE,
        embed_dim: int = 16,
        hidden_size: int = 32,
        pooling: str = "last",
        packed: bool = True,
    ) -> None:
        super().__init__()
        vocab_size, embed_dim, hidden_size = check_sizes(vocab_size, embed_dim, hidden_size)
        self.pooling = check_choice("pooling", pooling, POOLINGS)
        self.packed = check_flag("packed", packed)
        self.embed = nn.Embedding(vocab_size, embed_dim, padding_idx=PAD_IDX)
        self.lstm = nn.LSTM(embed_dim, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)

    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Score a padded batch.

        Args:
            padded: Symbols, int64, shape (N, L), each 0..vocab_size - 1, padding on the right.
            lengths: Real time steps of each sequence, int64 on the CPU, shape (N,), each 1..L.

        Returns:
            Logits, float, shape (N,); above 0 means label 1 is the likelier.

        Raises:
            TypeError: If `padded` or `lengths` is not a tensor of whole numbers.
            ValueError: If a shape is wrong, or a symbol or a length is out of range.
        """
        check_batch(padded, lengths, vocab_size=self.embed.num_embeddings)
        embedded = self.embed(padded)  # (N, L, E)
        run = self._run_packed if self.packed else self._run_padded
        pooled = run(embedded, lengths)  # (N, H)
        return self.fc(pooled).squeeze(-1)  # (N,)

    def _run_packed(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """Skip the padding: the LSTM stops at each sequence's last real time step."""
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        packed_outputs, (h_n, _) = self.lstm(packed)  # h_n: (1, N, H)
        if self.pooling == "last":
            return h_n[-1]  # (N, H)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True)  # (N, L, H)
        return masked_mean(outputs, lengths)  # (N, H)

    def _run_padded(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        """Read the padding too, but look only at what came before it."""
        outputs, _ = self.lstm(embedded)  # (N, L, H)
        if self.pooling == "last":
            return outputs[torch.arange(len(lengths)), lengths - 1]  # (N, H)
        return masked_mean(outputs, lengths)  # (N, H)
