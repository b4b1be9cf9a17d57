"""Each method of the specification has a line: where it is, or why it is not here."""

from collections import Counter

import pytest

import sdk_methods


@pytest.mark.proves("D-1")
def test_the_specification_has_184_methods_of_which_162_are_in_scope() -> None:
    methods = sdk_methods.specified()
    scopes = Counter(method.scope for method in methods)
    assert (len(methods), len({method.name for method in methods})) == (184, 184)
    assert (scopes["PY"], scopes["PY-SERVER"]) == (80, 59)
    assert (scopes["PY-PAYMENTS"], scopes["BROWSER-LIKE"]) == (19, 4)
    assert sum(method.is_core for method in methods) == 139
    assert sum(method.is_in_scope for method in methods) == 162


@pytest.mark.proves("D-1")
def test_each_specified_method_has_a_line_and_each_line_a_method() -> None:
    assert sorted(sdk_methods.mapped()) == sorted(m.name for m in sdk_methods.specified())


@pytest.mark.proves("D-1")
def test_only_methods_out_of_scope_are_absent_and_each_says_why() -> None:
    places = sdk_methods.mapped()
    absent = {name for name, place in places.items() if place.startswith(sdk_methods.ABSENT)}
    assert absent == {m.name for m in sdk_methods.specified() if not m.is_in_scope}
    assert all(len(places[name]) > len(sdk_methods.ABSENT) + 20 for name in absent)


def test_tests_name_only_methods_that_are_specified() -> None:
    assert sdk_methods.tried() <= {method.name for method in sdk_methods.specified()}
