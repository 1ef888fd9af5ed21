"""One proof for every option: what is chosen on its page, and what then stands in the company's books."""
