"""A test kit for users of Keyturn."""
