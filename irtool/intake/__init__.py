"""Complaints: bytes that came in -> records.Complaint. Nothing here fetches, evaluates or prints what it reads."""

from __future__ import annotations

from irtool.intake.containers import size_limit
from irtool.intake.reading import read_complaint, read_complaints, read_headers

__all__ = ["read_complaint", "read_complaints", "read_headers", "size_limit"]
