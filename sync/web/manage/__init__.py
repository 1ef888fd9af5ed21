"""The Manage tab: every option of the tenant document has one place on one page, and the pages are built from there."""
