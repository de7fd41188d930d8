"""Tests of mail delivery agents."""
