"""Does a period add up? What the store sold against what stands in QuickBooks now: fetched, not remembered.

periods.py    days, weeks, months, and the periods people name
documents.py  one document of ours beside what stands there: both amounts, and what was done to it
sums.py       tallies by currency and day, exact to the last digit
reading.py    the snapshot: pages read, lines stored, where it goes on after a crash
export.py     the snapshot as rows for CSV, XLSX and the terminal

One paged read per kind of document and 1,000 documents. Documents are matched by their ids, so that a changed number or
date in QuickBooks does not hide them; what bears our marker without a write of ours behind it is told apart, and what
bears no marker of this workspace is somebody else's.
"""
