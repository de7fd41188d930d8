"""Dovecot's promises."""
