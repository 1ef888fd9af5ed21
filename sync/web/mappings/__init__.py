"""The Mappings pages: is anything unmatched, and what does it block?"""
