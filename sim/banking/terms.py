"""What is decided and assumed of the bank in chat, of those who lend and of those who borrow."""

from typing import Literal, Self

from pydantic import model_validator

from sim.engine.settings import Settings, assumed, decided


class BankingSettings(Settings):
    """[banking]"""

    on: bool = decided.switch(False, "whether the platform has a bank")
    rate: float = decided.share(0.18, "yearly interest on loans", "facts.csv: .18", 0.06, 0.36)
    months: int = decided.count(10, "months", "time in which a loan is paid back", "MODEL.md", 1, 24, ge=1, le=36)
    repayment: Literal["instalments", "bullet"] = decided.word(
        "instalments",
        "paid back in equal parts each month, or at once at the end",
        "WeBank's loans are paid back monthly (from memory)",
    )
    cut_off: float = decided.share(
        0.02, "estimated chance of default from which a loan is refused", "MODEL.md", 0.002, 0.1
    )
    largest: int = decided.count(
        30_000_000, "cents", "largest loan", "facts.csv: 300,000 CNY", 100_000, 100_000_000, le=1_000_000_000
    )
    smallest: int = decided.count(50_000, "cents", "smallest loan", "facts.csv: 500 CNY", 10_000, 500_000, ge=100)
    limit_months: float = decided.positive(
        5.0, "months", "limit of a loan, in months of the borrower's income", "round figure", 1, 12
    )
    partners_share: float = decided.share(
        0.8, "part of each loan offered to partner banks", "facts.csv: .75-.8", 0.0, 0.95
    )
    service_fee: float = decided.share(0.0, "part of their interest that partners pay the platform", "", 0.0, 0.8)
    deposit_rate: float = decided.share(0.025, "yearly interest on savings", "", 0.0, 0.06)
    needs: float = assumed.share(
        0.0005, "chance of a need for credit on a day of use",
        "fitted: 360e9 CNY lent in two years, balance 100e9, some 900 million users (facts.csv)", 0.00005, 0.01,
    )  # fmt: skip
    need: int = assumed.count(
        900_000, "cents", "mean need of a person of mean income, before limits", "fitted: mean loan 8,200 (facts.csv)",
        100_000, 3_000_000, ge=1,
    )  # fmt: skip
    need_spread: float = assumed.amount(0.9, "log-spread", "inequality of needs at one income", "round figure", 0, 1.5)
    worth: float = assumed.number(
        4.8, "logit units", "worth of borrowing above doing without, before interest", "round figure", 0, 10
    )
    rate_weight: float = assumed.positive(
        0.18,
        "logit units a point",
        "how much a point of yearly interest counts; demand has elasticity -1.2",
        "round figure",
        0.03,
        0.6,
    )
    outside_rate: float = assumed.share(
        0.2, "yearly interest outside", "credit cards and consumer finance (from memory)", 0.1, 0.4
    )
    branch_effort: float = assumed.amount(0.8, "logit units", "effort of borrowing at a branch", "round figure", 0, 3)
    thread_effort: float = assumed.amount(
        0.1, "logit units", "effort of borrowing in the thread", "facts.csv: approval in .3 s", 0, 1
    )
    opening: float = assumed.amount(1.0, "logit units", "trouble of opening a wallet for it", "round figure", 0, 4)
    trust_weight: float = assumed.amount(
        3.0, "logit units", "fall in banking here where trust is gone", "round figure", 0, 8
    )
    turned_down: float = assumed.amount(
        0.5, "logit units", "how it feels to be refused or not recognised", "round figure", 0, 3
    )
    false_reject: float = assumed.share(0.03, "borrowers whose face is not recognised", "no source: sweep", 0.0, 0.2)
    false_accept: float = assumed.share(
        0.001, "impostors whose face is taken for another's", "no source: sweep", 0.0, 0.05
    )
    impostors: float = assumed.share(
        0.01, "attempts of impostors, over needs of borrowers", "no source: sweep", 0.0, 0.1
    )
    check_cost: int = assumed.count(150, "cents", "cost of a check of face and record", "round figure", 0, 2_000)
    savings_weight: float = assumed.positive(
        1.0, "logit units a point", "how much a point of yearly interest counts with savers", "no source: sweep", 0.2, 3
    )
    savings_effort: float = assumed.amount(
        3.0, "logit units", "trouble of moving savings here", "a third of people at most", 0, 8
    )
    savings_outside: float = assumed.share(
        0.0035, "yearly interest on savings outside", "China's rate on demand deposits in 2015 (from memory)", 0.0, 0.04
    )
    movable: float = assumed.share(0.5, "part of people's usual savings that they would move", "round figure", 0.1, 1)
    reconsiders: float = assumed.share(
        0.1, "chance a month to think again where savings should be", "round figure", 0.01, 0.5
    )
    float_share: float = assumed.share(
        1.0, "part of the money in wallets that earns interest", "facts.csv: all held at the central bank"
    )
    float_rate: float = assumed.share(
        0.0035,
        "yearly interest on it",
        "facts.csv: none, later a small rate (from memory); before 2017 as much as .03",
        0.0,
        0.03,
    )

    @property
    def schedule(self) -> tuple[int, int]:
        """Payments, and months between them."""
        return (1, self.months) if self.repayment == "bullet" else (self.months, 1)

    @property
    def mean_years(self) -> float:
        """Years for which a CNY lent is owed, in the mean."""
        return (self.months if self.repayment == "bullet" else (self.months + 1) / 2) / 12

    @property
    def owed_at_default(self) -> float:
        """Part of a loan that is still owed at its trial, in the mean."""
        return 1.0 if self.repayment == "bullet" else (self.months + 1) / (2 * self.months)

    @model_validator(mode="after")
    def _some_loan_is_possible(self) -> Self:
        if self.smallest > self.largest:
            raise ValueError(f"smallest {self.smallest} must be at most largest {self.largest}: no loan would fit")
        return self


class BankSettings(Settings):
    """[bank]"""

    funding: float = assumed.share(
        0.05, "yearly cost of the money that is lent, to the platform and to its partners", "MODEL.md", 0.02, 0.1
    )
    placing: float = assumed.share(
        0.035, "yearly interest on deposits that are not lent", "money market of 2015 (from memory)", 0.0, 0.06
    )
    target: float = assumed.share(
        0.02, "yearly return above break-even that partner banks insist on", "round figure", 0.0, 0.1
    )
    adjusting: float = assumed.share(
        0.2, "most by which partners change their part in a month", "round figure", 0.05, 1.0
    )
    outside_margin: float = assumed.share(
        0.2, "part of the interest on a loan that is profit to a bank outside, lost with its borrower",
        "MODEL.md: sellers outside", 0.0, 0.4,
    )  # fmt: skip


class CreditSettings(Settings):
    """[credit]"""

    safety: float = assumed.number(
        2.3, "normal units", "mean safety of borrowers", "MODEL.md: mean default 3 %", 1.0, 4.0
    )
    safety_spread: float = assumed.amount(0.7, "normal units", "its spread over people", "MODEL.md", 0, 1.5)
    correlation: float = assumed.share(
        0.05, "part of the luck of a trial that is common to a month", "MODEL.md", 0.0, 0.3
    )
    loss: float = assumed.share(
        0.9, "part of what is owed that a default loses; the rest is sold to collectors", "round figure", 0.4, 1.0
    )
    overdue: int = assumed.count(
        90, "days", "days that a payment may be overdue; then the loan is given up, and has defaulted",
        "Basel Committee: default is 90 days past due (from memory)", 30, 180, ge=1,
    )  # fmt: skip
