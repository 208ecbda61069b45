"""Plan -> events: approvals, the change itself, verification, resume and undo. The only room with threads."""
