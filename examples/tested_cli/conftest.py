"""The kit's fixtures, for the tests of this folder."""

pytest_plugins = ["keyturn.testing.plugin"]
