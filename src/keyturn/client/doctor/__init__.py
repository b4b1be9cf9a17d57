"""Finding out why a program's sign-in does not work here: one function for each thing to check."""
