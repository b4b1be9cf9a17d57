"""The data vault: values that a project's servers keep under keys that only they know."""
