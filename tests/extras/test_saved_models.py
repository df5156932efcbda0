"""The shipped model: what the course's pipeline makes, nothing else, and harmless to read."""

import io
import pickle
import re

import numpy as np
import pytest
import torch

from seqclf_utils import collate_fn, load_trained_model, make_casino, score
from seqclf_utils.reproducibility import GRID
from seqclf_utils.extras.saved_models import WEIGHTS_FILE
from tools.train_model import N_FRESH_TABLES, judge, store, to_npz, train


def weights_of_file():
    """Read the shipped arrays."""
    with np.load(WEIGHTS_FILE) as arrays:
        return dict(arrays)


def npz(path, **arrays):
    """Write arrays to a file and return its path."""
    np.savez(path, **arrays)
    return path


def test_training_again_gives_the_same_weights(settings_kept):
    """The file is what the pipeline makes, to the last bit, on this processor as well."""
    fresh, shipped = train(), load_trained_model()

    for name, weight in fresh.state_dict().items():
        assert torch.equal(weight, shipped.state_dict()[name]), name


def test_it_is_close_to_the_best_possible():
    """On 10,000 fresh tables the AUC is within 0.01 of the best judge's, and not above it."""
    scores = judge(load_trained_model())

    assert N_FRESH_TABLES == 10_000
    assert 0 < scores["best possible"]["auc"] - scores["LSTM"]["auc"] < 0.01


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_comes_ready_to_predict(dtype, settings_kept):
    """Eval mode, padded batches, the default dtype, and weights that are the file's in either."""
    torch.set_default_dtype(dtype)

    model = load_trained_model()

    assert not model.training
    assert model.packed is False
    for name, weight in model.state_dict().items():
        assert weight.dtype == dtype
        np.testing.assert_array_equal(weight.numpy(), weights_of_file()[name])


def test_logits_hardly_depend_on_the_dtype(settings_kept):
    """A notebook in float32 sees the same probabilities to three decimals and more."""
    casino = make_casino(50, cheat="clever", seed=3)
    probabilities = []
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)
        batch = [(torch.tensor(s), torch.tensor(0.0)) for s in casino.sequences]
        padded, lengths, _ = collate_fn(batch)
        with torch.no_grad():
            probabilities.append(torch.sigmoid(load_trained_model()(padded, lengths)).double())

    torch.testing.assert_close(*probabilities, atol=1e-5, rtol=0)
    assert score(casino.labels, probabilities[1].numpy())["auc"] > 0.8


def test_weights_lie_on_the_grid():
    """Rounded after every step, so that processors agree; float32 holds them exactly."""
    for weight in weights_of_file().values():
        assert weight.dtype == np.float32
        assert (weight / GRID == np.round(weight / GRID)).all()


def test_loading_leaves_random_numbers_alone():
    """Whoever has seeded gets the numbers that were seeded."""
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)

    load_trained_model()

    assert torch.equal(torch.rand(3), expected)


def test_two_models_share_nothing():
    """Training one does not change the other."""
    one, other = load_trained_model(), load_trained_model()

    with torch.no_grad():
        one.fc.weight.zero_()

    assert other.fc.weight.abs().sum() > 0


def test_storing_gives_the_same_bytes_and_leaves_no_scraps(tmp_path):
    """The same weights make the same file, and nothing else stays in the folder."""
    path = tmp_path / "trained" / "again.npz"

    store(load_trained_model().double(), path)

    assert path.read_bytes() == to_npz(load_trained_model()) == to_npz(load_trained_model())
    assert [p.name for p in path.parent.iterdir()] == ["again.npz"]


def test_weights_off_the_grid_are_not_stored(tmp_path):
    """What float32 would round is refused, and the old file stays."""
    model = load_trained_model().double()
    with torch.no_grad():
        model.fc.bias += 1e-12

    with pytest.raises(ValueError, match=r"fc\.bias"):
        store(model, tmp_path / "off.npz")

    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------------------- bad files


def test_a_missing_file_is_named(tmp_path):
    """The message says which file and how to make it again."""
    path = tmp_path / "gone.npz"

    with pytest.raises(FileNotFoundError, match=f"{re.escape(str(path))} is missing.*train_model"):
        load_trained_model(path)


@pytest.mark.parametrize("size", [0, 1, 100, 5_000, 27_000, 28_000])
def test_a_file_that_is_cut_off_is_refused(size, tmp_path):
    """An interrupted download is named as what it is, wherever it stopped."""
    path = tmp_path / "cut.npz"
    path.write_bytes(WEIGHTS_FILE.read_bytes()[:size])

    with pytest.raises(ValueError, match=r"cut\.npz is damaged or no file of weights.*train_model"):
        load_trained_model(path)


@pytest.mark.parametrize("position", range(500, 27_000, 1_500))
def test_an_altered_byte_is_noticed(position, tmp_path):
    """No flipped byte among the weights goes unseen."""
    content = bytearray(WEIGHTS_FILE.read_bytes())
    content[position] ^= 0xFF
    path = tmp_path / "altered.npz"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"altered\.npz"):
        load_trained_model(path)


class Intruder:
    """Runs code when it is unpickled."""

    ran = False

    def __reduce__(self):
        """Call `intrude` on the way in."""
        return intrude, ()


def intrude():
    """Leave a trace."""
    Intruder.ran = True


def test_the_intruder_works():
    """Otherwise the next test would prove nothing."""
    pickle.loads(pickle.dumps(Intruder()))

    assert Intruder.ran


def npy_with_pickle():
    """Return an array of objects as NumPy would store it: with a pickle inside."""
    content = io.BytesIO()
    np.save(content, np.array([Intruder()], dtype=object), allow_pickle=True)
    return content.getvalue()


def npz_with_pickle():
    """Return an archive whose bias is an array of objects."""
    content = io.BytesIO()
    weights = weights_of_file() | {"fc.bias": np.array([Intruder()], dtype=object)}
    np.savez(content, **weights)
    return content.getvalue()


def torch_file():
    """Return what torch.save writes: a zip archive with a pickle."""
    content = io.BytesIO()
    torch.save({"fc.bias": Intruder()}, content)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [lambda: pickle.dumps(Intruder()), npy_with_pickle, npz_with_pickle, torch_file],
    ids=["pickle", "npy", "npz", "torch"],
)
def test_a_pickle_is_refused_and_never_run(content, tmp_path):
    """A file that would run code on reading is turned away unread."""
    path = tmp_path / "trojan.npz"
    path.write_bytes(content())
    Intruder.ran = False

    with pytest.raises(ValueError, match=r"trojan\.npz"):
        load_trained_model(path)

    assert Intruder.ran is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fc.weight": np.zeros((1, 64), np.float32)}, r"fc.weight has shape \(1, 64\); it must"),
        ({"fc.bias": np.array(0.0, np.float32)}, r"fc.bias has shape \(\); it must be \(1,\)"),
        ({"fc.bias": np.array([np.nan], np.float32)}, "fc.bias must hold finite floats"),
        ({"fc.bias": np.array([np.inf], np.float32)}, "fc.bias must hold finite floats"),
        ({"fc.bias": np.array([1])}, "fc.bias must hold finite floats"),
        ({"fc.bias": np.array(["1"])}, "fc.bias must hold finite floats"),
        ({"more": np.zeros(1)}, "more is unknown"),
    ],
    ids=["wider", "scalar", "nan", "infinite", "whole", "text", "unknown"],
)
def test_weights_that_do_not_fit_are_named(change, message, tmp_path):
    """The message names the file, the array and what it must be."""
    path = npz(tmp_path / "other.npz", **(weights_of_file() | change))

    with pytest.raises(ValueError, match=rf"other\.npz does not fit the model: {message}"):
        load_trained_model(path)


def test_another_model_is_named_array_by_array(tmp_path):
    """All that is missing or unknown is listed at once."""
    path = npz(tmp_path / "foreign.npz", hello=np.zeros(3))

    with pytest.raises(ValueError, match=r"embed.weight is missing.*; hello is unknown\. To make"):
        load_trained_model(path)


def test_a_single_array_is_no_archive(tmp_path):
    """An npy file by another name is refused."""
    path = tmp_path / "array.npz"
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    path.write_bytes(content.getvalue())

    with pytest.raises(ValueError, match="no file of weights"):
        load_trained_model(path)


@pytest.mark.parametrize("kind", [">f4", "<f8", "g"])
def test_weights_of_another_precision_or_byte_order_are_read(kind, tmp_path):
    """They are the same numbers, whatever machine wrote them."""
    expected = load_trained_model().state_dict()
    arrays = {name: weight.numpy().astype(kind) for name, weight in expected.items()}
    np.savez(tmp_path / "weights.npz", **arrays)

    found = load_trained_model(tmp_path / "weights.npz").state_dict()

    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_weights_too_large_for_the_model_are_refused(tmp_path):
    """1e300 is finite, but would become infinite in float32, whose largest number is taken."""
    arrays = {n: w.numpy().astype(float) for n, w in load_trained_model().state_dict().items()}
    arrays["fc.bias"][0] = largest = torch.finfo(torch.float32).max
    np.savez(tmp_path / "weights.npz", **arrays)
    assert load_trained_model(tmp_path / "weights.npz").fc.bias.item() == largest
    arrays["fc.bias"][0] = 1e300
    np.savez(tmp_path / "weights.npz", **arrays)

    with pytest.raises(ValueError, match=r"fc\.bias must hold finite floats"):
        load_trained_model(tmp_path / "weights.npz")


def test_what_is_no_path_is_named():
    """A number is the name of no file."""
    with pytest.raises(TypeError, match="path is 3; it must be the name of a file"):
        load_trained_model(3)
