"""All SQL lives below; nothing outside names a database."""
