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
        ANY: (0.0, np.array([-0.5, -0.5, 0.0])),
        "<heat>": (2.0, np.array([1.5, -1.0, 0.0])),
        "<.help>": (1.0, np.array([0.25, 0.25, 0.0])),
        "<heat> <.help>": (4.0, np.array([1.0, 0.0, 0.0])),
    },
)
READER = Reader({"heat": ["heat", "warm"], "neutral": ["does"]})


def test_an_utterance_votes_with_words_what_they_stand_for_and_neighbours() -> None:
    assert set(ballots(READER.plain("warm help"))) == {
        *("warm", "help", "<heat>", "<.help>"),
        *("^ warm", "warm help", "help $"),
        *("^ <heat>", "<heat> <.help>", "<.help> $"),
    }


def test_a_misheard_word_votes_with_less() -> None:
    ballot = ballots(Reader({"massage": ["massage"]}).read("masagge"))
    assert 0 < ballot["<massage>"] < 1
    assert ballot["masagge"] == 1.0


def test_rare_keys_count_more_and_all_parts_together_are_of_length_1() -> None:
    votes = dict(VOTES.cast(READER.plain("warm help")))
    part = {key: vote[0] / VOTES.rows[key][1][0] for key, vote in votes.items()}
    assert sum(part**2 for part in part.values()) == pytest.approx(1.0)
    assert part["<.help>"] < part["<heat>"] < part["<heat> <.help>"]


def test_the_sums_point_to_what_is_meant() -> None:
    assert list(np.argsort(-VOTES.sums(READER.read("heat help")))) == [0, 2, 1]


def test_without_words_only_what_holds_for_all_speaks() -> None:
    assert VOTES.sums(()).tolist() == [-0.5, -0.5, 0.0]


def test_written_and_read_back() -> None:
    again = parse_votes("\n".join(written_votes(VOTES)), LABELS)
    assert again.labels == LABELS
    assert set(again.rows) == set(VOTES.rows)
    assert len(again.rows) == len(VOTES.rows)
    for key, (rarity, row) in VOTES.rows.items():
        assert again.rows[key][0] == rarity
        assert again.rows[key][1].tolist() == row.tolist()


def test_a_label_that_the_file_lacks_gets_no_votes_and_one_too_many_is_dropped() -> None:
    votes = parse_votes("key\trarity\theat\tgone\n<heat>\t1.5\t200\t5", ("heat", "new"))
    assert votes.rows["<heat>"][1].tolist() == [2.0, 0.0]


@pytest.mark.parametrize("line", ["<heat>\tone\t2", "<heat>\t1.5\ttwo"])
def test_a_damaged_line_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"could not convert|invalid literal"):
        parse_votes(f"key\trarity\theat\n{line}", LABELS).rows["<heat>"]


def test_every_line_of_a_long_file_is_found_and_nothing_else() -> None:
    keys = [f"{number:04d}" for number in range(1, 2000)]
    votes = parse_votes("# comment\nkey\trarity\theat\n" + "".join(f"{key}\t1\t{key}\n" for key in keys))
    assert [round(100 * votes.rows[key][1][0]) for key in keys] == [int(key) for key in keys]
    assert list(votes.rows) == keys
    for strange in ("", "0", "0000", "00010", "1", "2000"):
        assert strange not in votes.rows
    with pytest.raises(KeyError):
        votes.rows["2000"]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_of_any_length_is_read(end: str) -> None:
    for size in range(1, 400):
        keys = [f"{number:04d}" for number in range(size)]
        votes = parse_votes("key\trarity\theat\n" + "\n".join(f"{key}\t1\t7" for key in keys) + end)
        assert [key for key in keys if key in votes.rows] == keys


def test_lines_out_of_order_are_an_error() -> None:
    lines = [f"{number:04d}\t1\t100\n" for number in range(500)]
    with pytest.raises(ValueError, match="order of their keys"):
        parse_votes("key\trarity\theat\n" + "".join(reversed(lines)))
