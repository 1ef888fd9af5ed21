"""The stand-in QuickBooks Online company: its books, its API, its OAuth server, its pages."""
