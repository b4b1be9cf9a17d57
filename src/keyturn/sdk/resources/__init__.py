"""The objects of the API, one file per file of the specification (sdks/spec/src/types)."""
