"""What words say for each label, and the file it stands in."""

from __future__ import annotations

import numpy as np
import pytest

from voice_skill.understanding.reading import Reader
from voice_skill.understanding.votes import ANY, Votes, ballots, parse_votes, written_votes

LABELS = ("heat", "massage", "none")
VOTES = Votes(
    LABELS,
    {
        ANY: np.array([0.0, 0.0, 0.5]),
        "heat": np.array([3.0, -1.0, 0.0]),
        ".help": np.array([0.5, 0.5, 0.0]),
        "heat + .help": np.array([1.0, 0.0, 0.0]),
    },
)
READER = Reader({"heat": ["heat", "warm"], "neutral": ["does"]})


def test_words_and_pairs_add_up_to_shares_of_one() -> None:
    shares = np.exp(VOTES.shares(READER.read("heat help")))
    assert shares.sum() == pytest.approx(1.0, abs=0.01)
    assert list(np.argsort(-shares)) == [0, 2, 1]


def test_a_pair_counts_half() -> None:
    assert ballots(READER.plain("heat help"))["heat + .help"] == 0.5


def test_without_words_only_what_holds_for_all_speaks() -> None:
    assert VOTES.shares(()).argmax() == 2


def test_written_and_read_back() -> None:
    again = parse_votes("\n".join(written_votes(VOTES)), LABELS)
    assert again.labels == LABELS
    assert again.table.keys() == VOTES.table.keys()
    assert all((again.table[key] == vote).all() for key, vote in VOTES.table.items())


def test_a_label_that_the_file_lacks_gets_no_votes_and_one_too_many_is_dropped() -> None:
    votes = parse_votes("heat\theat 2\tgone 5", ("heat", "new"))
    assert votes.table["heat"].tolist() == [2.0, 0.0]


def test_a_damaged_file_is_an_error() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        parse_votes("heat\theat two", LABELS)
