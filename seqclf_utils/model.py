"""The classifier, built in notebook 02, and the masked mean, built in notebook 03."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqclf_utils.data import PAD_IDX, VOCAB_SIZE
from seqclf_utils.extras import arguments
from seqclf_utils.validation import checked


@checked(arguments.check_outputs)
def masked_mean(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Average each sequence's outputs over its real time steps.

    Args:
        outputs: Padded LSTM outputs, float, shape (N, L, H).
        lengths: Number of real time steps per sequence, int64 on the CPU, shape (N,), each 1..L.

    Returns:
        Pooled outputs, float, shape (N, H).

    Raises:
        TypeError: If `outputs` is not a tensor, or `lengths` is not an int64 tensor.
        ValueError: If a shape is wrong, or a length is outside 1..L.

    Example:
        >>> outputs = torch.tensor([[[2.0], [4.0], [9.0]]])  # time step 3 is padding
        >>> masked_mean(outputs, torch.tensor([2]))
        tensor([[3.]])
    """
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
        vocab_size: Number of symbols including padding (0).
        embed_dim: Size E of a symbol's embedding.
        hidden_size: Size H of the LSTM's state.
        pooling: "last" reads the output at each sequence's last real time step; "avg" averages the
            outputs over its real time steps.
        packed: If True, run the LSTM on a packed sequence; if False, run it on the padded batch and
            ignore the outputs at padding. The logits are the same up to rounding. On the CPU, a
            packed LSTM is several times slower, as measured in notebook 08, and a warning says so
            when it trains on 1,000 time steps or more. `torch.export` needs False. The exported
            program accepts any number of sequences, but only as many time steps as the example
            input has, because PyTorch fixes that number for `nn.LSTM`.

    Raises:
        TypeError: If a size is not an integer, or `packed` is neither True nor False.
        ValueError: If a size is out of range, or `pooling` is unknown.

    Example:
        >>> model = LSTMClassifier(pooling="avg")
        >>> model(torch.tensor([[1, 6, 6], [3, 0, 0]]), torch.tensor([3, 1])).shape
        torch.Size([2])
    """

    @checked(arguments.check_sizes)
    def __init__(
        self,
        vocab_size: int = VOCAB_SIZE,
        embed_dim: int = 16,
        hidden_size: int = 32,
        pooling: str = "last",
        packed: bool = True,
    ) -> None:
        super().__init__()
        self.pooling, self.packed = pooling, packed
        self.embed = nn.Embedding(vocab_size, embed_dim, padding_idx=PAD_IDX)
        self.lstm = nn.LSTM(embed_dim, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 1)

    @checked(arguments.check_batch, explain=arguments.explain_batch)
    def forward(self, padded: Tensor, lengths: Tensor) -> Tensor:
        """Score a padded batch.

        Args:
            padded: Symbols, int64, shape (N, L), each 0..vocab_size - 1, padding on the right.
            lengths: Length of each sequence, int64 on the CPU, shape (N,), each 1..L.

        Returns:
            Logits, float, shape (N,); a logit above 0 means that label 1 is more likely.

        Raises:
            TypeError: If `padded` or `lengths` is not a tensor of integers.
            ValueError: If a shape is wrong, or a symbol or a length is out of range.
        """
        embedded = self.embed(padded)  # (N, L, E)
        if self.packed:
            packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
            packed_outputs, (h_n, _) = self.lstm(packed)
            outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True)  # (N, L, H)
            last = h_n[-1]  # (N, H)
        else:
            outputs, _ = self.lstm(embedded)  # (N, L, H)
            last = outputs[torch.arange(padded.size(0)), lengths - 1]  # (N, H)
        pooled = last if self.pooling == "last" else masked_mean(outputs, lengths)
        return self.fc(pooled).squeeze(-1)  # (N,)
