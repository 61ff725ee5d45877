"""People, as the model declares them: who they are, what they feel, whom they trust and where they chat."""

from sim.people import attention, clock, experience, inbox, knowledge, presence, trust, users, welfare
from sim.service import Part, Rows

PEOPLE = Part(
    "people",
    tables={
        "users": Rows(users.UserColumns),
        "usual": Rows(users.UsualColumns, "world"),
        "felt": Rows(experience.FeltColumns),
        "outside_option": Rows(experience.OutsideOptionColumns, "world"),
        "presence": Rows(presence.PresenceColumns),
        "messaging": Rows(inbox.InboxColumns),
        "trust": Rows(trust.TrustColumns),
        "news": Rows(trust.NewsColumns, "world"),
        "attention": Rows(attention.AttentionColumns),
        "knowledge": Rows(knowledge.KnowledgeColumns),
    },
    metrics=(
        *users.METRICS, *attention.METRICS, *trust.METRICS, *experience.METRICS, *welfare.METRICS, *clock.METRICS,
    ),
)  # fmt: skip
