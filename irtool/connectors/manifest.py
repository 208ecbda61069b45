"""The manifest: one product's admin API as a YAML file.

A new admin API is a file in this format and nothing else: `connectors: {panel: {kind: ./panel.yaml, url: …, token:
env:…}}` in irtool.yaml names it by its path. Strict YAML (language.yamlfile); all faults are told at once, each with
its place.

    connector: panel                      # the kind: a word
    title: The example mail panel, version 2
    settings:                             # what irtool.yaml may say; expressions see it as `settings`
      url: {required: true, about: base URL of the API}
      probe_url: {about: base URL of the probe}      # not required: its default is the empty text
      lists: {default: {ip: blocked-ips}}            # a default that is a mapping is merged key by key
    auth: {kind: bearer, secret: token}   # the sender adds the secret itself. Or: {kind: none};
                                          # {kind: header, header: X-Api-Key, prefix: "", secret: api_key};
                                          # {kind: basic, secret: password}, the user is the setting `username`;
                                          # {kind: oauth2, secret: secret}, settings token_url, client_id, scope;
                                          # {kind: setting, secret: token}: irtool.yaml says it (`auth: header NAME`).
                                          # `secret`: password, token, secret, key or api_key
    bases:                                # further base URLs, each from a setting; no credentials unless `auth: true`
      probe: {setting: probe_url}
    limits: {concurrency: 4, per_second: 0}
    ping:                                 # one read that proves address and credentials, for `irtool doctor`
      requests: [{method: GET, path: /version}]
      answer: "'panel ' ~ reply.json.version"
    able:                                 # may this credential change anything? Only reads; see below
      requests:
        - method: GET
          path: /me
          expect: {unless: "'write' not in reply.json.rights", because: the token may only read}
    blocks:                               # lists of requests used in several places
      find:
        - method: GET
          path: "/accounts/${{ target }}"
          missing: {status: [404]}
          capture: {account: reply.json}
    verbs:
      account.disable:
        when: settings.lists.ip != ""     # offered only if so; left out: always
        in_doubt: verify                  # resend (idempotent, or `key` is honoured) | verify (look) | ask (default)
        lock: "${{ settings.lists.ip }}"  # the list that one writer at a time may change; sees only `settings`
        look:                             # only reads
          requests: [{use: find}]
          state: "'active' if got.account.active else 'disabled'"   # in the words of the verb's states
          data: {active: got.account.active}   # what undo needs: `seen` in change, `before` in undo
          detail: "plan ${{ got.account.plan }}"   # for people
          missing: absent                 # the state if a request says `missing`; left out: "not found" is a failure
        change:
          requests:
            - method: PATCH
              path: "/accounts/${{ target }}"
              body: {active: false}
              expect: {status: [200, 204]}
          answer: {status: reply.status}  # small, for the journal
        undo:                             # left out: cannot be undone
          requests:
            - method: PATCH
              path: "/accounts/${{ target }}"
              body: {active: "${{ before.active }}"}
        verify:                           # a look at the effect, where the product shows it; left out: look again
          when: settings.probe_url != ""  # left out: always; if not so, look again
          requests: [{method: GET, base: probe, path: "/can-send/${{ target }}", capture: {can: reply.json.can}}]
          state: "'active' if got.can else 'disabled'"
        able:                             # asked after the connector's `able`: what this verb and its undo need besides
          requests: [{method: GET, path: /lists, expect: {that: settings.lists.ip in reply.json}}]
          unproven: whether the list is full shows only when it is written   # what these reads cannot prove

A **request** has `method`, `path`, and optionally
- `query` and `headers`: mappings of texts; one that renders to nothing is not sent; no header may hold a line end;
- `body`: a mapping or list is sent as JSON (built as an object, never as text), a text as it is;
- `base`: the name of a further base URL; `reads: true`: a POST that changes nothing (all but GET and HEAD do);
- `when`: an expression; the request is left out if it is not so;
- `let`: names for values worked out before the request is sent, read as `got.NAME` (`when` comes first). An entry may
  be nothing but a `let`;
- `expect`: `status` (default: any 2xx), `that` (true if the answer is understood as success), `unless` (true if the
  answer, whatever its status, says no: an error inside a 200), `because` (a text that says it to people);
- `conflict`: `status` and/or `that`: somebody else has changed it since it was read, and this was not done (412 or 409
  to an `If-Match`) or is gone (a list that is read back). The requests of the block, or of the phase, are made anew
  from the first, so that they read and merge what is there now; at most `tries` times (10). Each time with another key;
- `already`: an expression; if true the request counts as done, whatever its status ("address is already banned");
- `missing`: `status` and/or `that`: the target is not there. A 404 means it only if this says so: it often means
  something else. In look and verify the phase then ends with the phase's `missing` state; in change it fails; in undo
  it does too, unless the phase says `missing: done`;
- `merges`: an expression, the text of lines (or the JSON list) that was looked up and that `body` rightly contains;
  and `varies`: names for values that may be others when the request is sent than when it was approved, such as an
  ETag. An approval is bound to all of a changing request, as rehearsed at plan time, but these: of a merged body to
  the lines that it adds and removes, and to the rest with `{NAME}` for the value. It is also bound to this verb's
  part of the manifest;
- `until` and `tries`: a read is repeated until the expression is true, at most so often (default 1);
- `capture`: names for parts of the answer, read later as `got.NAME`.

`{smtp: {base: NAME, mail_from: …, rcpt_to: …}}` is a request that asks a mail server, up to RCPT TO and never further:
nothing is sent. `base` is one of `bases`, of a URL as in `notices.smtp` (smtp://HOST:PORT, ?starttls, smtps://). An
empty or missing `mail_from` is the null sender. `client_ip` asks in the name of that client (XCLIENT, if the server
takes it from us), `login_as` logs in as that user first (RFC 4616 authorization identity: the connector's own user and
secret prove who asks; the base needs `auth: true`). `reply.status` is the code at which it ended, `reply.headers.stage`
where: connect, xclient, login, mail or rcpt. 2xx and 5xx are answers, 4xx is none. A server that refuses everybody
proves nothing: ask about something that must pass as well, with `expect: {status: [250]}`. `when`, `until`, `tries`,
`expect` and `capture` go with it.

`{use: BLOCK, given: {NAME: expression}, each: expression, into: NAME, when: expression}` runs a block: with the `given`
values as `given.NAME`; with `each` once for each value of a list, which is `item`. A block starts with an empty
`got`; what it got becomes `got.X` around it, or `got.NAME.X` with `into`, or with `each` (which needs `into`) a list
`got.NAME` of one mapping a value.

`able` is asked before every run and by `irtool doctor`, once for the verbs that are wanted: a request of it that fails
refuses the run before its first change, unless the server could not be reached or is busy. It sees `settings` and
`got`. Without any `able` nothing is asked, and nothing is taken as proven.

`path`, `query`, `headers`, `body`, `because`, `detail`, `unproven` and `lock` are texts with `${{ }}` holes; all else
called an expression is bare. Instead of an expression, a value of `let`, `capture`, `data`, `answer` and `given`, and
the `that` of `conflict`, may call one function of connectors.helpers: `{has_line: [got.text, target]}`, each argument
an expression. A hole in a path becomes one URL-quoted segment (`../admins?x` cannot leave it); an empty one, `.` and
`..` are refused. Expressions see `target`, `params` (the step's `with`), `settings`, `got`, `key` (the idempotency
key; change and undo), `seen` (change: data of the look just before), `before` (undo: the same), and after an answer
`reply.status`, `reply.text`, `reply.headers` (names in lower case) and `reply.json` (not there if the answer is not
JSON).

Success: the status is expected, `unless` is false and `that` is true. Otherwise a read fails; a change is refused for
3xx, 4xx and `unless`, and *in doubt* for 5xx and for an answer that is not understood (HTML with a 200, truncated
JSON): it may have been applied. So is a change that went wrong after an earlier request of it went through.
"""

from __future__ import annotations

from irtool.connectors.compiled import CompiledManifest
from irtool.connectors.loading import compile_manifest
from irtool.connectors.shape import Manifest

__all__ = ["CompiledManifest", "Manifest", "compile_manifest", "load_manifest"]


def load_manifest(text: str, name: str) -> Manifest:
    """The manifest in a file's text. `name` is the file's name in faults.

    Raises ConfigError with all faults, each `name:line:column  what`: in the YAML, the shape, the expressions, the
    names of verbs, blocks, functions and variables.
    """
    return compile_manifest(text, name).manifest
