"""Each error code of the API is a class, and the classes are those of the table."""

import re

import pytest

import known_errors as tool
from keyturn.protocol.errors import CATALOGUE, KeyturnError
from keyturn.sdk import StackApiError, StackSdkError, known_errors
from keyturn.sdk.errors import error_for
from tests.house.source_ import PACKAGE

SECTIONS = tool.read(tool.TABLE.read_text())


def test_the_classes_are_those_of_the_table() -> None:
    for name, text in tool.modules(SECTIONS).items():
        assert (tool.ROOM / name).read_text() == text, "run `python tools/known_errors.py`"


@pytest.mark.proves("D-4")
def test_each_code_of_the_table_is_raised_as_its_class() -> None:
    codes = [known for section in SECTIONS for known in section.codes]
    assert len({known.code for known in codes}) == len({known.name for known in codes}) > 100
    for known in codes:
        error = error_for(known.code, "said", status=400, details=None)
        assert type(error) is getattr(known_errors, known.name)
        assert (error.code, error.message) == (known.code, "said")
        assert isinstance(error, StackApiError)


@pytest.mark.proves("D-4")
def test_each_code_that_our_server_answers_has_a_class() -> None:
    made = re.compile(r'KnownError\(\s*"([A-Z_]+)"')
    texts = (path.read_text() for path in (PACKAGE / "server").rglob("*.py"))
    codes = {code for text in texts for code in made.findall(text)}
    assert len(codes) > 30
    assert codes <= {known.code for section in SECTIONS for known in section.codes}


def test_the_errors_of_the_sdk_are_keyturns_but_not_in_the_catalogue_of_exit_codes() -> None:
    assert issubclass(StackSdkError, KeyturnError)
    assert not [code for code, kind in CATALOGUE.items() if issubclass(kind, StackSdkError)]
