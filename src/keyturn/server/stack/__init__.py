"""The face of the Stack-compatible API: headers, errors, declarations. Features add the routes."""
