"""Columns: declared once, one array each, written in place."""

import pickle

import numpy as np
import pytest

from sim.engine.columns import Column, Table


class CatColumns(Table):
    """A table for these tests."""

    lives = Column(np.uint8, 9, "lives left")
    weight = Column(np.float32, 4.5, "weight", "kilograms")


def test_a_table_starts_with_its_first_values() -> None:
    cats = CatColumns(3)
    assert cats.lives.tolist() == [9, 9, 9]
    assert cats.weight.dtype == np.float32
    assert cats.size == 3


def test_the_class_shows_the_declaration_and_the_table_the_array() -> None:
    assert CatColumns.lives.meaning == "lives left"
    assert CatColumns.weight.unit == "kilograms"
    assert list(CatColumns.declared) == ["lives", "weight"]
    assert isinstance(CatColumns(2).lives, np.ndarray)


def test_a_column_is_written_in_place_so_that_kernels_see_it() -> None:
    cats = CatColumns(3)
    held = cats.rows.lives
    cats.lives = [1, 2, 3]
    assert held.tolist() == [1, 2, 3]
    cats.lives = 7
    assert held.tolist() == [7, 7, 7]


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        CatColumns(3).lives = [1, 2]


def test_a_row_is_a_view_of_one_with_plain_numbers() -> None:
    cats = CatColumns(2)
    cats.rows.lives[1] = 3
    assert cats[1] == (3, 4.5)
    assert type(cats[1].lives) is int
    with pytest.raises(IndexError):
        cats[2]


def test_the_memory_of_a_row_is_the_sum_of_its_columns() -> None:
    assert CatColumns.bytes_per_row() == 1 + 4
    assert sum(array.nbytes for array in CatColumns(10).arrays().values()) == 50


def test_rows_can_be_found_by_the_name_that_compiled_code_remembers() -> None:
    """Breaks if `Rows` forgets its home: numba's cache pickles the type by name and would never hit."""
    rows = pickle.loads(pickle.dumps(CatColumns(2).rows))
    assert type(rows) is CatColumns.Rows
