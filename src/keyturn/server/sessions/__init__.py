"""Sessions: one row for whoever is signed in, by whatever door."""
