"""The plumbing behind the ports: HTTP, the journal, SMTP, local commands, logs. Only wiring knows them."""
