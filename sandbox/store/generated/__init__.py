"""Invented shops: their tables, and the orders buyers place in them."""
