"""All kinds of events."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "incident.opened": "it exists; data: playbook, title, started_by, known_as, inputs, snapshot, sha256, path",
    "complaint.received": "one complaint was read; data: the Complaint; occurred when the complaint was written",
    "triage.done": "the campaign is known; data: findings (and complaints' signatures)",
    "campaign.first_seen": "the first message of the campaign, from the log",
    "campaign.last_seen": "the last message of the campaign so far, from the log",
    "plan.made": "data: plan, known_as, calls (what would be sent, by digest), replaces (the hash of a refused plan),"
    " extends (the one step that is new in it), if all others stay as they are",
    "plan.refused": "a plan that may not be run; data: reason, plan (its hash), diff (what is not as it was planned)",
    "run.started": "data: by, known_as, epoch, resumed",
    "run.ended": "data: outcome (done, failed, waiting, unknown, refused, interrupted), exit_code, counts",
    "approval.asked": "data: hash, approval, items",
    "approval.given": "data: hash, calls (digest of the rendered calls), door, items, note, expires_at, break_glass"
    " (why nobody else was asked); actor is the person",
    "approval.refused": "data: hash, door, items, reason; actor is the person",
    "approval.revoked": "a person takes their own yes back (of: no, their own veto); data: hash, items, reason, of;"
    " actor is the person",
    "breakglass.used": "one person alone went past the approval of others; data: why, steps, by",
    "breakglass.ratified": "somebody else stands by it; data: note; actor is that person",
    "breakglass.disowned": "somebody else does not stand by it; data: reason; actor is that person",
    "change.intended": "data: change, before (the look), key, attempt; durable before the first call",
    "change.done": "data: after, reply, effective (true, false, or null if not verified)",
    "change.already": "it was so when looked at again; data: state",
    "change.skipped": "data: reason",
    "change.shadowed": "everything but the change; data: reason, calls (what would have been sent), synthetic: true",
    "change.refused": "a guard; data: reason",
    "change.failed": "data: error; certainly not applied",
    "change.unknown": "data: error; may or may not have been applied",
    "change.verified": "it was looked at again; data: state, effective (true, false, null), drifted (the setting itself"
    " is no longer as we made it), detail, by (run, watch, doctor); messages and since, if the mail log shows it",
    "lease.set": "until when a change stays; data: expires_at (null is no end), reason",
    "undo.intended": "data: before (what will be restored), key, reason, cause (person, expiry, plan)",
    "undo.done": "data: state",
    "undo.failed": "data: error",
    "undo.unknown": "data: error",
    "watch.started": "data: by, every, until",
    "watch.ended": "data: reason",
    "watch.alarm": "somebody has to see to it; data: what (leaks, flows, taken, more, blind, mail),"
    " reason, change, messages, since, values",
    "note.added": "what people did or saw; data: text; occurred at the time they give",
    "notice.drafted": "the text of an update to customers; data: version, texts (by language), by",
    "notice.tested": "a notice went to ourselves, and to no customer; data: customer, name, version, to, message_id",
    "notice.delayed": "a server could not deliver it yet; data: as of notice.bounced",
    "notice.bounced": "a server returned it; data: customer, name, version, status, said, recipient, sha256",
    "notice.acknowledged": "the customer has it; data: customer, name, version, note; actor is who heard it",
    "notice.escalated": "to be reached by other means; data: customer, name, version, reason",
    "report.written": "data: path, format, lang, sha256, and style, tlp, published if it was",
    "report.part": "a part of a report, by a person; data: part, lang, style, text, sources, supersedes, consent",
    "check.explained": "why a finding of the timeline's checks is no mistake; data: finding, reason",
    "indicators.exported": "indicators left the house; data: path, format, tlp, count, sha256",
    "journal.anchored": "the head of the journal was told to somebody else; data: seq, head, kind (file, rfc3161),"
    " sha256, path, tsa",
    "incident.closed": "data: by, reason",
}
"""All kinds of events and what their data hold."""
