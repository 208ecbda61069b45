"""Complaints: bytes that came in -> records.Complaint. Nothing here fetches, evaluates or prints what it reads."""

from __future__ import annotations

from irtool.intake.reading import read_complaint, read_complaints

__all__ = ["read_complaint", "read_complaints"]
