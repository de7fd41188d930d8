"""The shell and its commands."""
