"""What no approval can allow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.plan.guards import Guards
from irtool.verbs import CATALOGUE

OWNERS = {"shop.example": "c1", "mail.shop.example": "c1", "trial-x.example": "t9", "gateway.example": "0"}
GUARDS = Guards(
    own_domains=("gateway.example", "mx.provider.example"),
    customer_of=OWNERS.get,
    protected_domains=("partner.example",),
    protected_networks=("192.0.2.0/24",),
    protected_accounts=("77",),
    own_networks=("203.0.113.0/25",),
)


@pytest.mark.parametrize(
    ("verb", "target", "why"),
    [
        ("domain.block", "evil.example", ""),
        ("domain.block", "notgateway.example", ""),
        ("domain.block", "gateway.example", "own domain"),
        ("domain.block", "GATEWAY.example.", "own domain"),
        ("domain.block", "a.b.gateway.example", "own domain"),
        ("domain.block", "provider.example", "own domain"),
        ("domain.block", "shop.example", "customer c1"),
        ("domain.block", "mail.shop.example", "customer c1"),
        ("domain.block", "www.partner.example", "protected"),
        ("domain.block", "gmail.com", "mailbox provider"),
        ("domain.block", "Yahoo.CO.UK", "mailbox provider"),
        ("domain.block", "yahoo.it", "mailbox provider"),
        ("domain.block", "yahoo.evil.com", ""),
        ("domain.block", "libero.it", "mailbox provider"),
        ("domain.block", "co.uk", "public suffix"),
        ("domain.block", "com", "public suffix"),
        ("domain.block", "10.0.0.1", "not a domain"),
        ("domain.block", "", "not a domain"),
        ("domain.block", "two words.example", "not a domain"),
        ("domain.block", "evil.example\nx", "not a domain"),
        ("domain.block", "someone@evil.example", "not a domain"),
        ("address.block", "spammer@gmail.com", ""),
        ("address.block", "gmail.com", "mailbox provider"),
        ("address.block", "@gmail.com", "mailbox provider"),
        ("address.block", "x@evil.example", ""),
        ("address.block", "info@gateway.example", "own domain"),
        ("address.block", "ceo@mail.shop.example", "customer c1"),
        ("address.block", "x@trial-x.example", "customer t9"),
        ("address.block", "x y@evil.example", "not a mail address"),
        ("address.block", "a@b@evil.example", "not a mail address"),
        ("address.block", "x@", "not a mail address"),
        ("queue.hold", "gmail.com", "mailbox provider"),
        ("queue.purge", "evil.example", ""),
        ("queue.purge", "info@gateway.example", "own domain"),
        ("queue.hold", "<>", ""),
        ("address.block", "<>", "not a domain"),
        ("ip.block", "198.51.100.7", ""),
        ("ip.block", "198.51.100.0/24", ""),
        ("ip.block", "2001:db8::1", ""),
        ("ip.block", "2001:db8::/32", ""),
        ("ip.block", "2001:d00::/24", "wider than /32"),
        ("ip.block", "10.0.0.1", "private"),
        ("ip.block", "::ffff:10.0.0.1", "private"),
        ("ip.block", "172.31.0.0/24", "private"),
        ("ip.block", "fd00::1", "private"),
        ("ip.block", "100.64.0.1", "shared address space"),
        ("ip.block", "127.0.0.1", "loopback"),
        ("ip.block", "::1", "loopback"),
        ("ip.block", "169.254.1.1", "link-local"),
        ("ip.block", "fe80::1", "link-local"),
        ("ip.block", "224.0.0.1", "multicast"),
        ("ip.block", "ff02::1", "multicast"),
        ("ip.block", "0.0.0.0", "unspecified"),
        ("ip.block", "::", "unspecified"),
        ("ip.block", "0.0.0.0/0", "wider than /16"),
        ("ip.block", "8.0.0.0/15", "wider than /16"),
        ("ip.block", "8.8.0.0/16", ""),
        ("ip.block", "192.0.2.200", "protected"),
        ("ip.block", "192.0.0.0/16", "protected"),
        ("ip.block", "203.0.113.5", "own network"),
        ("ip.block", "203.0.113.200", ""),
        ("ip.block", "999.1.1.1", "not an IP"),
        ("ip.block", "evil.example", "not an IP"),
        ("account.disable", "t9", ""),
        ("account.disable", "77", "protected"),
        ("account.disable", "0", "own account"),
        ("account.limit", "0", "own account"),
        ("account.disable", " ", "not an account"),
        ("notice.send", "c1", ""),
        ("policy.set", "relay", ""),
    ],
)
def test_guards(verb, target, why):
    reason = GUARDS.check(CATALOGUE[verb], target)
    assert (why in reason) if why else (reason == ""), reason


@pytest.mark.parametrize(
    ("plan", "confidence", "allowed"), [("trial", 0.9, True), ("trial", 0.2, False), ("business", 0.99, False)]
)
def test_only_the_attackers_own_trial_domains_may_be_blocked(plan, confidence, allowed):
    guards = GUARDS.suspecting({"accounts": [{"id": "t9", "plan": plan, "confidence": confidence}]})
    assert (guards.check(CATALOGUE["address.block"], "x@trial-x.example") == "") is allowed
    assert guards.check(CATALOGUE["domain.block"], "shop.example") != ""


@given(st.text(max_size=40), st.sampled_from(sorted(CATALOGUE)))
def test_any_text_gets_an_answer(text, verb):
    assert isinstance(GUARDS.check(CATALOGUE[verb], text), str)


@given(st.lists(st.from_regex(r"[a-z]{1,5}", fullmatch=True), max_size=3))
def test_nothing_below_the_own_domain_is_ever_allowed(labels):
    target = ".".join([*labels, "gateway.example"])
    assert "own domain" in GUARDS.check(CATALOGUE["domain.block"], target)
    assert "own domain" in GUARDS.check(CATALOGUE["address.block"], f"x@{target}")


@pytest.mark.parametrize("target", ["xn--bcher-kva.example", "www.Bücher.example", "xn--mnchen-3ya.example"])
def test_domains_are_protected_however_they_are_written(target):
    """irtool.yaml may say `Bücher.example` and a complaint `xn--bcher-kva.example`."""
    guards = Guards(own_domains=("Bücher.example",), protected_domains=("MÜNCHEN.example.",))
    assert guards.check(CATALOGUE["domain.block"], target)


@pytest.mark.parametrize("target", ["Admin@x.example", "admin@x.example", " ADMIN@X.example"])
def test_accounts_are_protected_in_any_case(target):
    """Directories compare user names without regard to case (SCIM userName, RFC 7643)."""
    assert Guards(protected_accounts=("Admin@x.example",)).check(CATALOGUE["account.disable"], target)
