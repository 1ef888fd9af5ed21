"""The control that ends a cause, inside its card: what it asks (`offer`), and what it does with the answer (`take`).

`table.CURES` holds one cure for each reason that a person can decide on the spot. A decision that has addresses of its
own plugs in as an offer whose buttons lead there.
"""
