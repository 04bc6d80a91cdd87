"""Functions are called with what they take, by whatever names."""

import functools

import pytest

from handgrad.exercises.sandbox.inside.calling import call

DATA = ["net"]
SETTINGS = {"learning_rate": 0.5, "batch_size": 4, "epochs": 3, "log_every": 7, "rng": "rng"}


def plain(net, learning_rate=0.1, batch_size=64, epochs=10, log_every=100, rng=None):
    """Take everything, as the sheet names it."""
    return net, learning_rate, batch_size, epochs, log_every, rng


def without_rng(net, learning_rate=0.1, batch_size=64, epochs=10, log_every=100):
    """Take what the notebook's takes."""
    return net, learning_rate, batch_size, epochs, log_every


def other_names(net, lr=0.1, size=64, n_epochs=10, every=100, random_state=None):
    """Take it under other names."""
    return net, lr, size, n_epochs, every, random_state


def other_order(net, epochs, batch_size, eta):
    """Take it in another order."""
    return net, epochs, batch_size, eta


def more(net, learning_rate=0.1, batch_size=64, epochs=10, momentum=0.0, seed=None):
    """Take more than is asked for."""
    return net, learning_rate, batch_size, epochs, momentum, seed


def stars(net, *data, learning_rate=0.1, batch_size=64, epochs=10):
    """Take the data together."""
    return net, data, learning_rate, batch_size, epochs


def required(net, learning_rate, batch_size, epochs, every):
    """Have no defaults."""
    return net, learning_rate, batch_size, epochs, every


def by_position(function):
    """Decorate: positional arguments alone, and nothing said."""
    return lambda *arguments: function(*arguments)


def by_position_wrapped(function):
    """Decorate: positional arguments alone, under the signature of what is inside."""
    return functools.wraps(function)(lambda *arguments: function(*arguments))


def by_all(function):
    """Decorate: everything is passed on."""
    return lambda *arguments, **keywords: function(*arguments, **keywords)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (plain, (0.5, 4, 3, 7, "rng")),
        (without_rng, (0.5, 4, 3, 7)),
        (other_names, (0.5, 4, 3, 100, None)),
        (other_order, (3, 4, 0.5)),
        (more, (0.5, 4, 3, 0.0, None)),
        (stars, ((), 0.5, 4, 3)),
        (required, (0.5, 4, 3, 7)),
        (by_position(plain), (0.5, 4, 3, 7, "rng")),
        (by_position(without_rng), (0.5, 4, 3, 7)),
        (by_position_wrapped(without_rng), (0.5, 4, 3, 7)),
        (by_all(plain), (0.5, 4, 3, 7, "rng")),
        (by_all(without_rng), (0.5, 4, 3, 7)),
        (by_all(by_position(other_names)), (0.5, 4, 3, 7, "rng")),
        (functools.partial(without_rng, epochs=2), (0.5, 4, 3, 7)),
    ],
)
def test_settings_arrive(function, expected) -> None:
    """By name where the name is known, and else by position; what only says how often to print may stay away."""
    assert call(function, DATA, SETTINGS) == ("net", *expected)


def test_what_a_function_raises_is_passed_on() -> None:
    """Its own errors, also a TypeError, come from the first way that is tried."""

    def fails(net, learning_rate):
        return net + learning_rate

    with pytest.raises(TypeError, match="can only concatenate"):
        call(fails, DATA, SETTINGS)
    with pytest.raises(TypeError, match="takes 0 positional arguments but 1 was given"):
        call(lambda: None, DATA, SETTINGS)
