"""The words that a model's folder lists."""

from __future__ import annotations

from voice_skill.hearing.vocabulary import listed_words
from voice_skill.settings import BUNDLED_MODELS_DIR


def test_words_are_read_without_marks(tmp_path):
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph/words.txt").write_text("<eps> 0\ncafé 1\ncan't 2\n[unk] 3\n#0 4\n<s> 5\n")
    assert listed_words(tmp_path) == {"café", "can't"}


def test_a_model_without_a_list_lists_nothing(tmp_path):
    assert listed_words(tmp_path) == frozenset()


def test_what_the_bundled_model_lists_it_knows(speech_model):
    words = listed_words(BUNDLED_MODELS_DIR / speech_model.name)
    assert len(words) > 5000
    assert all(map(speech_model.knows, words))
