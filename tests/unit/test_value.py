"""The values of the check path."""

from __future__ import annotations

import pytest

from carbon_lint.lint.diagnostic import Edit


def test_another_value_has_the_fields_that_were_named_and_a_misspelt_one_is_refused():
    edit = Edit(0, 2, "kg")
    assert edit.but(text="g") == Edit(0, 2, "g")
    assert edit == Edit(0, 2, "kg")
    with pytest.raises(TypeError, match="Edit has no field txet"):
        edit.but(txet="g")
