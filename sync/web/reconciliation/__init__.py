"""The page that compares a period with the books, its drill-down and its files."""
