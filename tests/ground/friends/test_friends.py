"""Who knows whom: what a grown network looks like, what rules say of it, and files read, written and refused."""

import gzip
import math
import shutil
from pathlib import Path

import networkx
import numpy as np
import pandas
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sim.engine import luck
from sim.engine.kernels import kernel
from sim.engine.settings import BadInput
from sim.ground.friends import friends, mapped, measures
from sim.ground.friends.friends import Friends
from sim.ground.friends.terms import FriendsSettings

FACEBOOK = Path(__file__).parents[2].parent / "shared" / "data" / "facebook_combined.txt"
RANDOM = {"groups": False, "fitness_spread": 0.0, "locality": 0.0}  # Erdos and Renyi


@pytest.fixture(scope="module")
def city() -> Friends:
    return Friends.generate(FriendsSettings(), 100_000, 7)


def pairs_of(network: Friends) -> set[tuple[int, int]]:
    rows = network.rows
    one = np.repeat(np.arange(network.people), np.diff(rows.first))
    return {(a, b) for a, b in zip(one.tolist(), rows.friend[: one.size].tolist(), strict=True) if a < b}


def is_sound(network: Friends) -> None:
    """Every tie is in both rows once, nobody is their own friend, and everyone is in exactly one group."""
    rows, people = network.rows, network.people
    assert rows.first[0] == 0
    entries = int(rows.first[-1])
    one = np.repeat(np.arange(people, dtype=np.int64), np.diff(rows.first.astype(np.int64)))
    other = rows.friend[:entries].astype(np.int64)
    assert one.size == entries
    assert (one != other).all()
    there, back = np.sort(one * people + other), np.sort(other * people + one)
    assert (there == back).all()
    assert np.unique(there).size == entries
    assert (np.sort(rows.group_member) == np.arange(people)).all()
    assert rows.group_first[0] == 0
    assert rows.group_first[-1] == people
    sizes = np.diff(rows.group_first.astype(np.int64))
    assert (sizes > 0).all()
    assert (rows.group_of[rows.group_member] == np.repeat(np.arange(sizes.size), sizes)).all()


# ------------------------------------------------------------------------------------------------ grown networks


def test_a_grown_network_is_sound(city: Friends) -> None:
    is_sound(city)


def test_a_grown_network_looks_like_a_social_network(city: Friends) -> None:
    seen = measures.measure(city.rows)
    assert seen["mean_degree"] == pytest.approx(20, rel=0.02)
    assert 0.1 < seen["clustering"] < 0.3
    assert seen["giant_component"] > 0.99
    assert 4 < seen["mean_distance"] < 6
    assert 0.05 < seen["assortativity"] < 0.4
    assert seen["friendship_paradox"] > 0.8
    assert seen["median_degree"] < 0.9 * seen["mean_degree"]
    assert seen["highest_degree"] > 10 * seen["mean_degree"]  # a Poisson law would end near 45


def test_rows_take_at_most_96_bytes_a_person(city: Friends) -> None:
    assert city.bytes <= 96 * city.people


def test_the_same_seed_grows_the_same_network_and_another_seed_another() -> None:
    grown = [Friends.generate(FriendsSettings(), 3_000, seed) for seed in (5, 5, 6)]
    assert all((a == b).all() for a, b in zip(grown[0].rows, grown[1].rows, strict=True))
    assert pairs_of(grown[0]) != pairs_of(grown[2])


@pytest.mark.parametrize("degree", [5.0, 10.0, 50.0, 100.0])
def test_any_degree_from_5_to_100_keeps_the_mean_and_the_giant_component(degree: float) -> None:
    network = Friends.generate(FriendsSettings(degree=degree), 20_000, 1)
    seen = measures.measure(network.rows)
    assert seen["mean_degree"] == pytest.approx(degree, rel=0.02)
    assert seen["giant_component"] > 0.98
    assert 0.1 < seen["clustering"] < 0.3
    assert seen["assortativity"] > 0
    assert seen["friendship_paradox"] > 0.75


@pytest.mark.parametrize(
    ("people", "degree"), [(2, 1.0), (3, 2.0), (10, 5.0), (10, 9.0), (50, 20.0), (50, 49.0), (100, 5.0), (1_000, 20.0)]
)
def test_small_worlds_are_sound_and_have_the_friends_asked_for(people: int, degree: float) -> None:
    network = Friends.generate(FriendsSettings(degree=degree), people, 3)
    is_sound(network)
    assert measures.degrees(network.rows).mean() == pytest.approx(degree, rel=0.05)


def test_small_worlds_of_any_seed_and_shape_are_sound() -> None:
    shapes = ({}, RANDOM, {"locality": 1.0, "fitness_spread": 2.0}, {"household_size": 1.0, "work_share": 0.0})
    for seed in range(12):
        for change in shapes:
            is_sound(Friends.generate(FriendsSettings(degree=4.0, **change), 5 + 7 * seed, seed))


def test_even_a_world_without_a_tie_is_not_taken_for_one_of_everyone() -> None:
    network = Friends.generate(FriendsSettings(degree=0.001, **RANDOM), 2, 1)
    assert network.friendships == 0
    assert not friends.is_everyone(network.rows)
    assert friends.pick_friend(network.rows, 0, 0.5) == -1
    assert friends.active_share(network.rows, 0, np.array([3], np.uint8), 0.9) == 0
    assert friends.mean_over_friends(network.rows, 0, np.ones(2, np.float32), 0.9) == 0


def test_homes_come_first_in_a_row_and_weak_ties_last(city: Friends) -> None:
    rows = city.rows
    reach = np.abs(rows.friend.astype(np.int64) - np.repeat(np.arange(city.people), np.diff(rows.first)))
    rank = np.arange(rows.friend.size) - np.repeat(rows.first[:-1].astype(np.int64), np.diff(rows.first))
    degree = np.repeat(np.diff(rows.first), np.diff(rows.first))
    assert np.median(reach[rank == 0]) <= 5
    assert np.median(reach[rank == degree - 1]) > 500


def test_members_of_a_group_thread_are_mostly_friends(city: Friends) -> None:
    rows = city.rows
    inside = rows.group_of[np.repeat(np.arange(city.people), np.diff(rows.first))] == rows.group_of[rows.friend]
    sizes = np.diff(rows.group_first.astype(np.int64))
    assert sizes.mean() == pytest.approx(FriendsSettings().circle_size, rel=0.05)
    assert inside.sum() > 0.6 * (sizes * (sizes - 1)).sum()


def test_nobody_is_everyones_closest_friend(city: Friends) -> None:
    """Fails if rows keep the order in which groups were written: then the first of a group leads every row."""
    closest = city.rows.friend[city.rows.first[:-1]]
    assert np.bincount(closest).max() <= 12


# --------------------------------------------------------------------------------------------- the random graph


def giant_share(mean: float) -> float:
    share = 1.0
    for _ in range(200):
        share = 1 - math.exp(-mean * share)
    return share


@pytest.mark.parametrize(("mean", "limit"), [(4.0, 0.98017), (1.5, 0.5828), (2.0, 0.7968)])
def test_without_groups_the_giant_component_is_that_of_erdos_and_renyi(mean: float, limit: float) -> None:
    """LIMITS.md 12; the variance over graphs is s (1 - s) / (n (1 - c (1 - s))^2) (Bollobas; Pittel 1990)."""
    people, seeds = 20_000, range(12)
    asked = FriendsSettings(degree=mean, **RANDOM)
    found = [measures.giant_component(Friends.generate(asked, people, seed).rows) for seed in seeds]
    share = giant_share(mean)
    assert share == pytest.approx(limit, abs=1e-4)
    spread = math.sqrt(share * (1 - share) / people) / (1 - mean * (1 - share))
    assert abs(np.mean(found) - share) < 4 * spread / math.sqrt(len(seeds))


def test_without_groups_each_pair_is_tied_with_the_same_chance_on_its_own() -> None:
    """Five people, thousands of worlds: every pair as often as asked, and pairs independent of each other."""
    asked, worlds = FriendsSettings(degree=2.0, **RANDOM), 3_000
    tied = np.zeros((worlds, 5, 5))
    for seed in range(worlds):
        for a, b in pairs_of(Friends.generate(asked, 5, seed)):
            tied[seed, a, b] = 1
    every = tied[:, *np.triu_indices(5, 1)]
    error = math.sqrt(0.5 * 0.5 / worlds)
    assert (np.abs(every.mean(axis=0) - 0.5) < 4 * error).all()
    together = np.cov(every.T) - np.diag(np.diag(np.cov(every.T)))
    assert np.abs(together).max() < 4.5 * 0.25 / math.sqrt(worlds)


def test_without_groups_degrees_are_poisson() -> None:
    degree = measures.degrees(Friends.generate(FriendsSettings(degree=6.0, **RANDOM), 50_000, 2).rows)
    assert degree.mean() == pytest.approx(6, abs=4 * math.sqrt(2 * 6 / 50_000))
    assert degree.var() == pytest.approx(6, abs=4 * 6 * math.sqrt(2 / 50_000))
    assert np.mean(degree == 0) == pytest.approx(math.exp(-6), abs=4 * math.sqrt(math.exp(-6) / 50_000))


# -------------------------------------------------------------------------------------------------------- rules


def tie_of(key: np.uint64, who: int, k: int) -> tuple[int, float]:
    return who, float(luck.uniforms(key, [who], k)[0])


def test_a_friend_of_a_friend_has_mean_square_over_mean_friends(city: Friends) -> None:
    """LIMITS.md 13: a uniform friend of a person met by one of their ties (Feld 1991)."""
    rows, key = city.rows, luck.key(1, "test.paradox")
    met = [(who, k) for who in range(0, city.people, 50) for k in range(friends.degree(rows, who))]
    found = [friends.degree(rows, friends.pick_any_friend(rows, *tie_of(key, *tie))) for tie in met]
    expected = measures.friends_of_a_friend(rows)
    # the ties sampled come by person, so the error is that of the people, not of the ties
    assert np.mean(found) == pytest.approx(expected, rel=0.05)
    assert expected > 1.2 * measures.degrees(rows).mean()


def test_a_friend_is_drawn_by_rank_as_the_weights_of_active_share_say() -> None:
    star = Friends.from_pairs(np.zeros(9, int), np.arange(1, 10))
    ranks = list(star.rows.friend[:9])
    draws = [friends.pick_friend(star.rows, 0, (i + 0.5) / 9_000) for i in range(9_000)]
    for rank, friend in enumerate(ranks):
        chance = (math.sqrt(rank + 1) - math.sqrt(rank)) / 3
        assert draws.count(friend) / 9_000 == pytest.approx(chance, abs=2e-4)
        alone = np.packbits(np.arange(10) == friend, bitorder="little")
        assert friends.active_share(star.rows, 0, alone, 0.0) == pytest.approx(chance)
    assert friends.pick_friend(star.rows, 0, 1.0) == ranks[-1]  # luck rounds to 1 once in 2^53
    assert [friends.friend_at(star.rows, 0, rank) for rank in range(9)] == ranks


def test_the_share_of_active_friends_is_one_when_all_are_and_zero_when_none_is() -> None:
    wide = Friends.from_pairs(np.zeros(3_000, int), np.arange(1, 3_001))  # longer than the table of weights
    all_up, none_up = np.full(400, 255, np.uint8), np.zeros(400, np.uint8)
    for who in (0, 1, 3_000):
        assert friends.active_share(wide.rows, who, all_up, 0.5) == pytest.approx(1, abs=1e-12)
        assert friends.active_share(wide.rows, who, none_up, 0.5) == 0
    values = np.arange(3_001, dtype=np.float32)
    assert friends.mean_over_friends(wide.rows, 0, values, 0.5) == pytest.approx(1_500.5)
    assert friends.mean_over_friends(wide.rows, 9, values, 0.5) == 0


@pytest.mark.parametrize("up", [0.1, 0.5, 0.9])
def test_whether_a_share_is_above_a_hurdle_is_what_the_whole_share_says(city: Friends, up: float) -> None:
    """It stops looking as soon as the rest cannot matter; never may that change the answer."""
    wide = Friends.from_pairs(np.zeros(3_000, int), np.arange(1, 3_001))
    for network, people in ((city, range(0, city.people, 40)), (wide, (0, 1)), (Friends.everyone(50), (3,))):
        bits = np.packbits(luck.uniforms(luck.key(2, "test.up"), network.people) < up, bitorder="little")
        above = 0
        for who in people:
            share = friends.active_share(network.rows, np.uint32(who), bits, 0.25)
            for hurdle in (0.0, 0.05, 0.2, 0.45, 0.7, 0.999, share - 1e-6, share + 1e-6):
                said = friends.is_share_above(network.rows, np.uint32(who), bits, 0.25, hurdle)
                assert said == (share > hurdle), (who, share, hurdle)
                above += said
        assert above > 0


@kernel
def _all_rules(rows, bits, values, u, out):
    for who in range(rows.first.size - 1):
        out[who, 0] = friends.degree(rows, who)
        out[who, 1] = friends.pick_friend(rows, who, u)
        out[who, 2] = friends.pick_any_friend(rows, who, u)
        out[who, 3] = friends.active_share(rows, np.uint32(who), bits, 0.25)
        out[who, 4] = friends.mean_over_friends(rows, np.uint32(who), values, 0.75)
        out[who, 5], out[who, 6] = friends.group_bounds(rows, who)


@pytest.mark.parametrize("kind", ["generated", "everyone"])
def test_rules_say_the_same_compiled_and_in_plain_python(kind: str) -> None:
    network = Friends.make(FriendsSettings(kind=kind, degree=5.0), 60, 1)
    bits = np.packbits(luck.uniforms(luck.key(1, "test.bits"), network.people) < 0.5, bitorder="little")
    values = luck.uniforms(luck.key(1, "test.values"), network.people).astype(np.float32)
    compiled, plain = np.zeros((network.people, 7)), np.zeros((network.people, 7))
    _all_rules(network.rows, bits, values, 0.7, compiled)
    _all_rules.py_func(network.rows, bits, values, 0.7, plain)
    assert compiled == pytest.approx(plain, abs=1e-12)


def test_of_everyone_anyone_else_is_drawn_alike_and_never_oneself() -> None:
    network = Friends.everyone(5)
    for who in range(5):
        for draw in (friends.pick_friend, friends.pick_any_friend):
            drawn = [draw(network.rows, who, (i + 0.5) / 400) for i in range(400)]
            assert sorted(set(drawn)) == [other for other in range(5) if other != who]
            assert {drawn.count(other) for other in drawn} == {100}
        assert [friends.friend_at(network.rows, who, rank) for rank in range(4)] == [o for o in range(5) if o != who]


def test_everyone_is_a_complete_graph_that_takes_no_room_for_ties() -> None:
    network = Friends.everyone(1_001)
    assert network.rows.friend.size == 0
    assert network.rows.first.tolist() == [0] * 1_002
    assert network.friendships == 1_001 * 500
    assert friends.degree(network.rows, 3) == 1_000
    assert friends.active_share(network.rows, 3, np.zeros(126, np.uint8), 0.3) == 0.3
    assert friends.mean_over_friends(network.rows, 3, np.zeros(1_001, np.float32), 0.4) == 0.4
    assert np.diff(network.rows.group_first.astype(int)).min() > 1
    assert measures.measure(network.rows)["clustering"] == 1
    assert networkx.is_isomorphic(Friends.everyone(6).to_networkx(), networkx.complete_graph(6))


def test_a_network_cannot_be_changed(city: Friends) -> None:
    for array in city.rows:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


# ----------------------------------------------------------------------------------------------- given networks


@settings(max_examples=60, deadline=None)
@given(some.lists(some.tuples(some.integers(0, 12), some.integers(0, 12)), min_size=1, max_size=80))
def test_any_pairs_make_a_sound_network_and_every_pair_is_kept_or_counted(pairs: list[tuple[int, int]]) -> None:
    once = {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
    if not once:
        with pytest.raises(BadInput):
            Friends.from_pairs(*zip(*pairs, strict=True))
        return
    network = Friends.from_pairs(*zip(*pairs, strict=True), people=13)
    is_sound(network)
    assert pairs_of(network) == once
    assert network.friendships == len(once)
    assert network.notes["self_loops_dropped"] == sum(a == b for a, b in pairs)
    assert len(pairs) == len(once) + network.notes["self_loops_dropped"] + network.notes["doubles_dropped"]


@pytest.mark.parametrize("graph", [networkx.karate_club_graph(), networkx.les_miserables_graph()])
def test_the_closest_friend_is_the_one_with_most_friends_in_common(graph: networkx.Graph) -> None:
    network = Friends.from_networkx(graph)
    labels = network.labels.tolist()
    for who in range(network.people):
        row = network.rows.friend[network.rows.first[who] : network.rows.first[who + 1]]
        common = [len(list(networkx.common_neighbors(graph, labels[who], labels[other]))) for other in row]
        assert common == sorted(common, reverse=True)


@pytest.mark.parametrize("graph", [networkx.karate_club_graph(), networkx.les_miserables_graph()])
def test_measures_agree_with_networkx(graph: networkx.Graph) -> None:
    rows = Friends.from_networkx(graph).rows
    assert measures.clustering(rows) == pytest.approx(networkx.average_clustering(graph))
    assert measures.assortativity(rows) == pytest.approx(networkx.degree_assortativity_coefficient(graph))
    assert measures.mean_distance(rows, 1_000) == pytest.approx(networkx.average_shortest_path_length(graph))
    largest = max(networkx.connected_components(graph), key=len)
    assert measures.giant_component(rows) == len(largest) / len(graph)


def test_to_networkx_and_back_keeps_people_names_and_ties() -> None:
    graph = networkx.les_miserables_graph()
    graph.add_node("Hermit")
    network = Friends.from_networkx(graph)
    assert network.labels.tolist() == sorted(graph.nodes)
    back = network.to_networkx()
    assert set(back.nodes) == set(graph.nodes)
    assert {frozenset(tie) for tie in back.edges} == {frozenset(tie) for tie in graph.edges}
    assert friends.degree(network.rows, network.labels.tolist().index("Hermit")) == 0
    grown = Friends.generate(FriendsSettings(degree=6.0), 200, 1)
    assert pairs_of(Friends.from_networkx(grown.to_networkx())) == pairs_of(grown)


def test_groups_of_a_given_network_are_friends_and_few_are_alone() -> None:
    network = Friends.from_networkx(networkx.connected_caveman_graph(40, 8))
    sizes = np.diff(network.rows.group_first.astype(int))
    assert (sizes == 1).sum() <= 2
    assert sizes.max() <= 18
    inside = sum(network.rows.group_of[a] == network.rows.group_of[b] for a, b in pairs_of(network))
    assert inside > 0.7 * network.friendships  # cliques of 8, cut into groups of 9


def test_a_directed_graph_is_read_as_ties() -> None:
    network = Friends.from_networkx(networkx.DiGraph([(1, 2), (2, 1), (2, 3), (3, 3)]))
    assert network.friendships == 2
    assert network.notes["doubles_dropped"] == 1
    assert network.notes["self_loops_dropped"] == 1


# -------------------------------------------------------------------------------------------------------- files

VECTOR = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="p" for="node" attr.name="pos" attr.type="vector_float"/><key id="w" for="edge" attr.name="weight" attr.type="short"/>
<graph edgedefault="directed"><node id="a"><data key="p">0.1, 0.2</data></node><node id="b"/><node id="c"/><node id="d"/>
<edge source="a" target="b"><data key="w">x</data></edge><edge source="b" target="a"/><edge source="b" target="c"/>
</graph></graphml>"""
LONELY = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected"><node id="a"/>
</graph></graphml>"""
TIES = [(10, 9), (9, 2), (2, 10), (10, 700), (9, 10), (2, 2)]


def write_file(folder: Path, name: str) -> Path:
    path = folder / name
    lines = "# a comment\n\n" + "\n".join(f"{a}\t{b}" for a, b in TIES)
    table = pandas.DataFrame(TIES, columns=["from", "to"])
    if name.endswith(".parquet"):
        table.to_parquet(path)
    elif ".graphml" in name:
        networkx.write_graphml(networkx.Graph(TIES), path)
    elif ".csv" in name:
        table.to_csv(path, index=False, header="plain" not in name)
    elif name.endswith(".gz"):
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        path.write_text(lines + "\n")
    return path


@pytest.mark.parametrize(
    "name", ["a.txt", "a.edges", "a.txt.gz", "a.csv", "plain.csv", "a.csv.gz", "a.parquet", "a.graphml", "a.graphml.gz"]
)
def test_the_same_network_is_read_from_any_kind_of_file(tmp_path: Path, name: str) -> None:
    network = Friends.read(write_file(tmp_path, name))
    assert network.labels.tolist() == [2, 9, 10, 700]  # as numbers, not as words
    assert pairs_of(network) == {(0, 1), (0, 2), (1, 2), (2, 3)}
    assert network.notes["self_loops_dropped"] == 1
    assert network.notes["doubles_dropped"] == (0 if "graphml" in name else 1)
    is_sound(network)


def test_people_may_have_names_and_a_table_more_columns(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("since,source,target\n2011,mei,bo\n2012,bo,chen\n2013,42,mei\n")
    network = Friends.read(tmp_path / "names.csv")
    assert network.labels.tolist() == ["42", "bo", "chen", "mei"]
    assert pairs_of(network) == {(1, 3), (1, 2), (0, 3)}
    pandas.DataFrame({"a": ["mei", "bo"], "b": ["bo", "chen"]}).to_parquet(tmp_path / "names.parquet")
    assert Friends.read(tmp_path / "names.parquet").labels.tolist() == ["bo", "chen", "mei"]


def test_attributes_that_nobody_uses_may_be_of_any_kind(tmp_path: Path) -> None:
    (tmp_path / "a.graphml").write_text(VECTOR)
    network = Friends.read(tmp_path / "a.graphml")
    assert network.labels.tolist() == ["a", "b", "c", "d"]
    assert pairs_of(network) == {(0, 1), (1, 2)}
    assert network.notes["weights"] == "pos, weight"
    graph = VECTOR[VECTOR.index("<graph edge") : VECTOR.index("</graphml>")]
    for two in (VECTOR.replace(graph, graph + graph), VECTOR.replace('<node id="b"/>', f'<node id="b">{graph}</node>')):
        (tmp_path / "two.graphml").write_text(two)
        with pytest.raises(BadInput, match=r"two\.graphml: 2 graphs, .* save it alone"):
            Friends.read(tmp_path / "two.graphml")


def test_further_columns_of_an_edge_list_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "messages.txt").write_text("1 2 1082040961\n3 4 1082155839\n2 1 1082414391.5\n")
    assert Friends.read(tmp_path / "messages.txt").friendships == 2


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.txt", "1 2\n3 bob\n", r"a\.txt: line 2: 'bob' is not a whole number"),
        ("a.txt", "# x\n1 2\n\n1.5 2\n", r"line 4: '1.5' is not a whole number"),
        ("a.txt", "1 2\n3 -4\n", r"line 2: -4 is no user number"),
        ("a.txt", "1 2\n3\n", r"line 2: 1 values, '3'; an edge list has two user numbers a line"),
        ("a.txt", "1 2\n3 4 5\n", r"line 2: 3 values"),
        ("a.txt", "1 2 3\n3 4\n", r"line 2: 2 values.*as the lines before have 3"),
        ("a.txt", "1 2\n3,4\n", r"line 2: 1 values, '3,4'"),
        ("a.txt", "", r"a\.txt: no friendships"),
        ("a.txt", "# only a comment\n", r"no friendships"),
        ("a.txt", "4 4\n", r"every tie is of someone with themselves"),
        ("a.csv", "", r"a\.csv: no friendships"),
        ("a.csv", "a,b\n", r"no friendships"),
        ("a.csv", "a,b\n1,2\n3\n", r"line 3: 1 cells where line 1 has 2"),
        ("a.csv", "a,b\n1,2\n3,\n", r"line 3: '' names nobody"),
        ("a.csv", "a,b\n1,2\n-3,1\n", r"line 3: '-3' names nobody"),
        ("a.csv", "1,2\n3,4.5\n", r"line 2: '4.5' names nobody"),
        ("a.csv", "only\n1\n", r"line 1: 1 column \('only'\); there must be two"),
        ("a.csv", "a,b,c\n1,2,3\n", r"3 columns \('a', 'b', 'c'\)"),
        ("a.graphml", "<graphml><oops", r"a\.graphml: line 1: not GraphML"),
        ("a.graphml", "1 2\n", r"not GraphML"),
        ("a.graphml", LONELY, r"1 nodes and no edge"),
        ("a.parquet", "1 2\n", r"a\.parquet: cannot be read as Parquet"),
        ("a.txt.gz", "1 2\n", r"a\.txt\.gz: cannot be read as text"),
        ("a.cvs", "1,2\n", r"unknown extension '\.cvs'.*did you mean '\.csv'"),
        ("a", "1,2\n", r"unknown extension ''"),
        ("a.friends", "1,2\n", r"not a saved network"),
    ],
)
def test_a_bad_file_is_refused_with_the_line_the_value_and_the_rule(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadInput, match=complaint):
        Friends.read(tmp_path / name)


def test_a_bad_table_is_refused_with_the_row_and_the_column(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    for columns, complaint in (
        ({"a": [1, 2]}, r"1 column \('a'\)"),
        ({"a": [1, -2], "b": [3, 4]}, r"row 2: -2 is no user number"),
        ({"a": [1, None], "b": [3, 4]}, r"row 2: an empty cell; column 'a'"),
        ({"a": [1.5, 2], "b": [3, 4]}, r"column 'a'.*not double"),
        ({"a": ["x", ""], "b": ["y", "z"]}, r"row 2: an empty cell"),
    ):
        pandas.DataFrame(columns).to_parquet(path)
        with pytest.raises(BadInput, match=complaint):
            Friends.read(path)


def test_a_file_that_is_not_there_brings_the_nearest_name(tmp_path: Path) -> None:
    write_file(tmp_path, "facebook.txt")
    with pytest.raises(BadInput, match=r"facebok\.txt: no such file; did you mean 'facebook\.txt'"):
        Friends.read(tmp_path / "facebok.txt")
    with pytest.raises(BadInput, match=r"no folder"):
        Friends.read(tmp_path / "nowhere" / "facebook.txt")
    with pytest.raises(BadInput, match=r"a folder"):
        Friends.read(tmp_path)


def test_bad_pairs_are_refused() -> None:
    for a, b, more, complaint in (
        ([], [], {}, "no friendships"),
        ([1], [1, 2], {}, "as many"),
        ([0.5], [1.0], {}, "whole numbers"),
        ([0], [-1], {}, "person -1"),
        ([0], [7], {"people": 5}, "person 7 does not exist; 5 people are numbered 0 to 4"),
        ([0], [1], {"labels": ["a"]}, "person 1"),
        ([0], [1], {"labels": ["a"], "people": 2}, "1 labels for 2 people"),
        ([3], [3], {}, "themselves"),
        ([0], [2**40], {}, "at most"),
    ):
        with pytest.raises(BadInput, match=complaint):
            Friends.from_pairs(a, b, **more)
    with pytest.raises(BadInput, match="no edge"):
        Friends.from_networkx(networkx.empty_graph(3))
    for graph, complaint in (
        (networkx.Graph([(1, "1"), (1, 2)]), "same name once written as text, '1'"),
        (networkx.Graph([("a\0", "b")]), "character 0"),
        (networkx.Graph([(10**5_000, "b")]), "cannot be written as text"),
        ("ties.txt", "a graph of networkx is needed, not str"),
    ):
        with pytest.raises(BadInput, match=complaint):
            Friends.from_networkx(graph)


@pytest.mark.parametrize(
    "nodes",
    [
        [2**70, 2**70 + 1, 3],
        [2**63 - 1, 2**63, 2**64],
        [2**53, 2**53 + 1, 2**53 + 2],
        [-4, 0, 4],
        [np.int64(1), np.uint64(2**64 - 1), np.int8(7)],
        [1.5, 2.0, np.float64(0.1)],
        [(0, 1), (0, 2), (1, "a")],
        [frozenset("a"), "None", 3],
        ["007", "7", "8"],
        [True, "b", 3.5],
    ],
)
def test_nodes_of_any_kind_are_people_of_their_own(nodes: list, tmp_path: Path) -> None:
    graph = networkx.Graph([(nodes[0], nodes[1]), (nodes[1], nodes[2])])
    network = Friends.from_networkx(graph)
    assert network.people == 3
    assert sorted(map(str, network.labels.tolist())) == sorted(map(str, nodes))
    assert friends.degree(network.rows, [str(label) for label in network.labels.tolist()].index(str(nodes[1]))) == 2
    opened = Friends.open(network.save(tmp_path / "a.friends"))
    assert opened.labels.tolist() == network.labels.tolist()
    assert networkx.is_isomorphic(opened.to_networkx(), graph)


# ------------------------------------------------------------------------------------------------- save and open


@pytest.mark.parametrize(
    "make",
    [
        lambda: Friends.generate(FriendsSettings(), 500, 1),
        lambda: Friends.everyone(100),
        lambda: Friends.from_networkx(networkx.les_miserables_graph()),
        lambda: Friends.from_networkx(networkx.karate_club_graph()),
    ],
)
def test_a_saved_network_opens_as_it_was(tmp_path: Path, make) -> None:
    network = make()
    path = network.save(tmp_path / "a.friends")
    assert [each.name for each in tmp_path.iterdir()] == ["a.friends"]  # no temporary file is left
    opened = Friends.open(path)
    assert all((a == b).all() and a.dtype == b.dtype for a, b in zip(network.rows, opened.rows, strict=True))
    assert opened.notes == network.notes
    assert (opened.labels is None) == (network.labels is None)
    assert network.labels is None or opened.labels.tolist() == network.labels.tolist()
    assert friends.pick_friend(opened.rows, 3, 0.3) == friends.pick_friend(network.rows, 3, 0.3)
    assert Friends.make(FriendsSettings(file="a.friends"), 5, 1, tmp_path).people == network.people
    with pytest.raises(ValueError, match="read-only"):
        opened.rows.first[0] = 1


def test_kernels_are_compiled_once_for_grown_and_opened_networks(tmp_path: Path) -> None:
    network = Friends.generate(FriendsSettings(degree=5.0), 60, 1)
    bits, values, out = np.zeros(8, np.uint8), np.zeros(60, np.float32), np.zeros((60, 7))
    _all_rules(network.rows, bits, values, 0.7, out)
    before = len(_all_rules.compiled.signatures)
    _all_rules(Friends.open(network.save(tmp_path / "a.friends")).rows, bits, values, 0.7, out)
    assert len(_all_rules.compiled.signatures) == before


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = Friends.generate(FriendsSettings(), 500, 1).save(tmp_path / "a.friends")
    whole = path.read_bytes()
    for size, complaint in ((0, "not a saved"), (30, "damaged"), (len(whole) // 2, "cut short")):
        path.write_bytes(whole[:size])
        with pytest.raises(BadInput, match=complaint):
            Friends.open(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    """Kernels look up whatever the arrays say, so that a wrong one ends the process. Breaks without the checks."""
    path, network = tmp_path / "a.friends", Friends.read(write_file(tmp_path, "a.txt"))
    assert network.labels is not None

    def changed(name: str, at: int, value: int) -> dict[str, np.ndarray]:
        arrays = {key: array.copy() for key, array in network.rows._asdict().items()} | {"labels": network.labels}
        arrays[name][at] = value
        return arrays

    whole = changed("first", 0, 0)
    for arrays, complaint in (
        (changed("friend", 0, 4), "above the last of 4 people"),
        (changed("first", 1, 2**31), "do not follow each other"),
        (changed("first", -1, 1), "do not follow each other"),
        (changed("first", 0, 1), "do not follow each other"),
        (changed("group_first", -1, 9), "do not follow each other"),
        (changed("group_member", 0, 4), "above the last of 4 people"),
        (changed("group_member", 0, int(network.rows.group_member[1])), "groups do not agree"),
        (changed("group_of", 2, 7), "groups do not agree"),
        (whole | {"friend": whole["friend"].astype(np.int64)}, "32 bits"),
        (whole | {"group_of": whole["group_of"][:3]}, "not of the same people"),
        (whole | {"labels": network.labels[:3]}, "3 labels for 4 people"),
        ({"first": whole["first"]}, "it holds first"),
        (whole | {"more": whole["first"]}, "it holds .* more"),
    ):
        mapped.save_arrays(path, arrays, {})
        with pytest.raises(BadInput, match=rf"a\.friends: damaged: .*{complaint}"):
            Friends.open(path)
    for head in ("{}", "[]", "3", '{"arrays": {}}', '{"arrays": [], "notes": {}}', '{"arrays": {"first": 3}, "notes": {}}',
                 '{"arrays": {"first": ["<u4", -1, 0]}, "notes": {}}', '{"arrays": {"first": ["O", 1, 0]}, "notes": {}}',
                 '{"arrays": {"first": ["tea", 1, 0]}, "notes": {}}', '{"arrays": {"first": ["<u4", 0.5, 0]}, "notes": {}}',
                 '{"arrays": {}, "notes": 3}', '{"arrays": {}, "notes": {"rows": 3}}'):  # fmt: skip
        path.write_bytes(mapped.MAGIC + head.encode() + b"\n" + bytes(256))
        with pytest.raises(BadInput, match=r"a\.friends: damaged"):
            Friends.open(path)


def test_the_same_network_has_the_same_digest(tmp_path: Path) -> None:
    grown, again, other = (Friends.generate(FriendsSettings(), 200, seed) for seed in (1, 1, 2))
    assert grown.digest() == again.digest() == Friends.open(grown.save(tmp_path / "a.friends")).digest()
    assert grown.digest() != other.digest()


# ----------------------------------------------------------------------------------------------------- settings


def test_settings_say_which_network_is_made(tmp_path: Path) -> None:
    path = write_file(tmp_path, "a.txt")
    assert Friends.make(FriendsSettings(degree=5.0), 100, 1).notes["source"] == "generated"
    assert Friends.make(FriendsSettings(kind="everyone"), 100, 1).friendships == 4_950
    for kind in ("generated", "file"):
        made = Friends.make(FriendsSettings(kind=kind, file="a.txt"), 100, 1, tmp_path)
        assert made.people == 4  # the file's, whatever was asked for: the world compares
        assert made.notes["source"] == "a.txt"
    with pytest.raises(BadInput, match=r"friends\.kind is 'everyone' but friends\.file is"):
        Friends.make(FriendsSettings(kind="everyone", file=str(path)), 100, 1)
    with pytest.raises(BadInput, match=r"friends\.file names none"):
        Friends.make(FriendsSettings(kind="file"), 100, 1)


def test_more_friends_than_people_are_refused() -> None:
    with pytest.raises(BadInput, match=r"friends\.degree = 20 with 20 people: nobody can have more than 19 friends"):
        Friends.generate(FriendsSettings(), 20, 1)
    with pytest.raises(BadInput, match=r"run\.users = 1"):
        Friends.generate(FriendsSettings(degree=1.0), 1, 1)
    with pytest.raises(BadInput, match=r"run\.users = 1"):
        Friends.everyone(1)


def test_every_tie_cannot_be_a_close_one() -> None:
    with pytest.raises(pydantic.ValidationError, match="weak ties hold the network together"):
        FriendsSettings(circle_share=0.6, work_share=0.5)


# ------------------------------------------------------------------------------------------------------ real data


@pytest.mark.skipif(not FACEBOOK.is_file(), reason="SNAP's facebook_combined.txt is not in ../shared/data")
def test_facebook_of_snap_has_the_published_figures(tmp_path: Path) -> None:
    """facts.csv: 4,039 people, 88,234 ties, clustering .606, assortativity .064, path 3.7, paradox .875."""
    network = Friends.read(FACEBOOK)
    is_sound(network)
    seen = measures.measure(network.rows)
    assert seen["people"] == 4_039
    assert seen["friendships"] == 88_234
    assert seen["median_degree"] == 25
    assert seen["clustering"] == pytest.approx(0.606, abs=0.001)
    assert seen["assortativity"] == pytest.approx(0.064, abs=0.001)
    assert seen["mean_distance"] == pytest.approx(3.7, abs=0.3)
    assert seen["friendship_paradox"] == pytest.approx(0.875, abs=0.001)
    sizes = np.diff(network.rows.group_first.astype(int))
    assert (sizes == 1).sum() < 0.02 * network.people  # those whose only friend's group is full
    shutil.copy(FACEBOOK, tmp_path / "copy.txt")
    assert Friends.make(FriendsSettings(file="copy.txt"), 9, 9, tmp_path).friendships == 88_234
