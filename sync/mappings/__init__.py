"""What the store has against what the company has: taxes, payments, products and customers, and what is left to match.

`occurrences` tells what happens on orders; `taxes`, `payments`, `products` and `customers` each tell their rows with
their states and take a choice. Rates and gateways are choices in the options document, single products and customers
are links.
"""
