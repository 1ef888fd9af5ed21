"""The whole service on one machine, in one process tree, with a stand-in store and company: `python -m …demo`.

__main__.py  options, and the order of starting and stopping
environment  what the settings read: everything inside var/demo, nothing of the operator's own
merchant     Maison Dupont: the tenant document, the people, their passwords
service      web, worker and beat as threads of this process
buyers       new orders in the stand-in store, now and then
"""
