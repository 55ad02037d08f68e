"""A scripted interpreter behind the real protocol: what an utterance means is written in it."""

from __future__ import annotations

from dataclasses import replace

from voice_skill.article.loader import load_content
from voice_skill.conversation.machine import Conversation
from voice_skill.conversation.replies import Replies
from voice_skill.events import Heard, Hypothesis
from voice_skill.settings import CONTENT_DIR
from voice_skill.understanding.interpret import Understood
from voice_skill.understanding.matcher import Match
from voice_skill.understanding.safety import Alarm

CONTENT = load_content(CONTENT_DIR)
REPLIES = Replies(CONTENT, "US")
EMERGENCY = next(flag for flag in CONTENT.safety.flags if flag.tier == "emergency")
URGENT = next(flag for flag in CONTENT.safety.flags if flag.tier == "urgent")
DOCTOR = next(flag for flag in CONTENT.safety.flags if flag.tier == "doctor")


def match(entry=None, kind="topic", band="accept", score=0.9, second=None):
    if entry is None:
        kind, band, score = "none", "reject", 0.05
    return Match(
        entry=entry, kind=kind, score=score, runner_up=second, runner_up_score=0.45, band=band, in_scope=max(score, 0.5)
    )


def alarm(flag, denied=False):
    return Alarm(flag=flag.id, tier=flag.tier, reply=flag.reply, denied=denied, evidence=("words",), about=flag.about)


class Script:
    """Understands "heat" as the topic heat, "/slower" as a command, "!RF-E1" as a flag, "!RF-D4 heat" as one beside a
    topic, "~RF-E1" as a denied one, "#repeat-all" as a request, "?heat" as a doubtful topic, "+heat massage" as both.
    """

    def interpret(self, alternatives, context):
        word = alternatives[0].text
        flags = {flag.id: flag for flag in CONTENT.safety.flags}
        if word[0] in "!~":
            flag, _, topic = word[1:].partition(" ")
            return Understood(alarm(flags[flag], denied=word[0] == "~"), match(topic or None))
        if word[0] == "/":
            return Understood(None, match(word[1:], kind="command"))
        if word[0] == "#":
            return Understood(None, match(), word[1:])
        if word[0] == "?":
            first, _, second = word[1:].partition(" ")
            found = match(first, band="ask", score=0.5, second=second or None)
            return Understood(None, found)
        if word[0] == "+":
            first, second = word[1:].split()
            return Understood(None, replace(match(first), second=second))
        return Understood(None, match(word if word in REPLIES.entries else None))


CONVERSATION = Conversation(Script(), REPLIES)


def heard(text, addressed=True):
    return Heard((Hypothesis(text),), addressed)
