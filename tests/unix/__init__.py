"""Tests of maillab."""
