"""The last answers, so that a question that is asked again costs nothing and is answered with the same bits."""

from __future__ import annotations

from collections import OrderedDict

from fedcare.aggregation.exchange import Answer

# A round asks for an update and an evaluation; one more round is kept for a coordinator that resumes.
MOST = 6
MOST_BYTES = 100 * 2**20


class KeptAnswers:
    """Answers by the digest of their question, of one run at a time, bounded in number and bytes."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._run = ""
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def find(self, run: str, digest: str) -> Answer | None:
        """What was answered to this very question of this run."""
        return self._answers.get(digest) if run == self._run else None

    def keep(self, run: str, digest: str, answer: Answer) -> None:
        """Keep an answer; errors are not kept, for their cause may go away."""
        if run != self._run:
            self._run = run
            self._answers.clear()
        if answer.error is not None or _size(answer) > self._most_bytes:
            return
        self._answers[digest] = answer
        while len(self._answers) > self._most or sum(map(_size, self._answers.values())) > self._most_bytes:
            self._answers.popitem(last=False)


def _size(answer: Answer) -> int:
    return sum(array.nbytes for array in (answer.vector, answer.compressed, answer.sums) if array is not None)
