"""The inbox: what people have written, and what waits for them. Messaging writes it; presence and services read it."""

import numpy as np

from sim.engine.columns import Column, Table
from sim.ground.metrics import flow


class InboxColumns(Table):
    """A row a person."""

    sent = Column(np.int32, 0, "messages sent since day 0", "messages")
    unread = Column(np.uint16, 0, "friend threads that wait for this person", "threads")
    waiting = Column(np.uint32, 0, "the friend who wrote last of those")


MESSAGES = flow("messaging.messages", "messages", "messages sent, of all kinds")
