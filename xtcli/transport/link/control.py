"""Control items that wait to be said: answers, reports, polls and their status.

It decides nothing about bundles or time; it only sees that each thing is said once and that no
two datagrams are spent where one does.
"""

from __future__ import annotations

from collections.abc import Callable

from xtcli.transport.link.frames import ControlItem, Done, Have, Poll, Report, Status

ITEMS_MAX = 32
"""Items in one datagram, and items that may wait: a flood of questions is answered in part."""


class Control:
    """See the module."""

    def __init__(self, number: int) -> None:
        """`number` starts the numbering of polls."""
        self.report_due = False
        self.status_due: int | None = None
        self.polling = False
        """Whether a poll waits for its answer."""
        self.polled_at = 0
        """The counter of the datagram that asked last."""
        self._number = number
        self._tries = 0
        self._poll_due = False
        self._queued: list[ControlItem] = []
        self._said: list[Done] = []

    @property
    def due(self) -> bool:
        """Whether anything waits to be said."""
        return bool(
            self._queued or self.report_due or self._poll_due or self.status_due is not None
        )

    def queue(self, item: ControlItem | None) -> None:
        """Say this item next, if any; one that already waits is not said twice."""
        if item is not None and item not in self._queued and len(self._queued) < ITEMS_MAX:
            self._queued.append(item)

    def poll(self) -> None:
        """Begin a new poll."""
        self._number = self._number + 1 & 0xFF
        self._tries = 0
        self.polling = self._poll_due = True

    def poll_again(self, tries_max: int) -> None:
        """The answer to a poll did not come in time: ask again, so many times at most."""
        if self.polling:
            self._tries += 1
            self.polling = self._poll_due = self._tries < tries_max

    def unanswered(self, highest: int, *, awaited: bool) -> bool:
        """Whether no answer to the last poll will come: datagrams after it were reported, or no
        report is `awaited` any more whose time-out would repeat it."""
        sent = self.polling and not self._poll_due
        return sent and (highest > self.polled_at or not awaited)

    def polled(self, number: int) -> bool:
        """Status `number` came; whether it answers the poll that waits."""
        if number != self._number:
            return False
        self.polling = self._poll_due = False
        return True

    def items(
        self,
        report: Report | None,
        touched: Callable[[], list[Have]],
        waiting: tuple[int, int],
    ) -> list[ControlItem]:
        """Everything to say now; it counts as said."""
        if not self.due:
            return []
        items: list[ControlItem] = []
        if self.report_due and report is not None:
            items += [report, *touched()]
            items += self._said
            self._said = []
        items += [item for item in self._queued if item not in items]
        if self.status_due is not None:
            items.append(Status(self.status_due, *waiting))
        if self._poll_due:
            items.append(Poll(self._number))
        self._said += [item for item in self._queued if isinstance(item, Done)][-2:]
        self._said = self._said[-2:]
        self._queued.clear()
        self.report_due = self._poll_due = False
        self.status_due = None
        return items
