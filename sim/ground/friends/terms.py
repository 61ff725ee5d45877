"""What is assumed of who knows whom."""

from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from sim.engine.settings import Settings, assumed
from sim.ground import paths


class FriendsSettings(Settings):
    """[friends]

    With `groups` off, `fitness_spread` 0 and `locality` 0 every pair is tied with the same chance (Erdos and Renyi).
    """

    kind: Literal["generated", "file", "everyone"] = assumed.word(
        "generated", "where the network comes from: grown, read from `file`, or everyone knows everyone"
    )
    file: str = assumed.word("", "network to read: edge list, CSV, Parquet, GraphML or saved .friends", unit="file")
    degree: float = assumed.positive(
        20.0, "friends", "mean number of friends a person has on the app",
        "facts.csv: MSN 14.4, Facebook New Orleans 25.6, SNAP Facebook 43.7, WeChat 128, Facebook 190", 5.0, 100.0,
    )  # fmt: skip
    groups: bool = assumed.switch(True, "whether homes, circles of friends and colleagues know each other")
    household_size: float = assumed.number(
        3.1, "people", "mean size of a home", "China's census of 2010 (from memory)", 2.0, 4.5, ge=1, le=20
    )
    circle_size: float = assumed.number(
        9.0, "people", "mean size of a circle: a few homes that share a group thread",
        "between Dunbar's first layers of 5 and 15; facts.csv: 19.5 users a group in the gift contagion sample",
        5.0, 20.0, ge=2, le=500,
    )  # fmt: skip
    circle_spread: float = assumed.number(
        0.3, "log", "log-spread of the sizes of circles", "round figure", 0.0, 0.8, ge=0, le=2
    )
    circle_share: float = assumed.share(
        0.3, "share of friends in one's own circle, home included, where it has as many", "clustering .1-.3", 0.2, 0.5
    )
    work_share: float = assumed.share(
        0.3, "share of friends at work or in class", "facts.csv: a WeChat list grows by .2 on entering work", 0.1, 0.5
    )
    work_closeness: float = assumed.number(
        0.9, "share", "chance that two colleagues or classmates are friends", "clustering .1-.3", 0.5, 1.0, gt=0, le=1
    )
    work_spread: float = assumed.number(
        0.6, "log", "log-spread of the sizes of workplaces and classes: it makes friends' numbers of friends alike",
        "assortativity: facts.csv Facebook .226, New Orleans .177", 0.0, 1.0, ge=0, le=2,
    )  # fmt: skip
    fitness_spread: float = assumed.number(
        1.1, "log", "log-spread of popularity, which draws weak ties; 0: all are equally popular",
        "friendship paradox: facts.csv Facebook .836, SNAP Facebook .875", 0.0, 1.5, ge=0, le=3,
    )  # fmt: skip
    locality: float = assumed.share(
        0.9, "share of weak ties whose chance falls with distance; 0: weak ties reach anyone alike",
        "mean distance: facts.csv Facebook 4.7, New Orleans 4.3", 0.5, 1.0,
    )  # fmt: skip

    @field_validator("file")
    @classmethod
    def _a_path(cls, file: str) -> str:
        if file and (problem := paths.problem_with(file)):
            raise ValueError(problem)
        return file

    def identity(self) -> dict[str, Any]:
        """What tells one network from another: a file by what it holds, wherever it lies."""
        plain = self.model_dump()
        return plain | ({"kind": "file", "file": paths.content(self.file) or self.file} if self.file else {})

    @model_validator(mode="after")
    def _some_ties_are_weak(self) -> Self:
        if self.circle_share + self.work_share > 0.95:
            raise ValueError(
                f"circle_share {self.circle_share:g} + work_share {self.work_share:g} must be at most 0.95: "
                "weak ties hold the network together"
            )
        return self
