-- Makes `submitted` of the campaign alone.
SELECT account, substr(envelope_from, length(envelope_from) - position('@' IN reverse(envelope_from)) + 2)
    AS envelope_domain,
  substr(header_sender, length(header_sender) - position('@' IN reverse(header_sender)) + 2) AS sender_domain,
  from_domain, sum(messages) AS messages
FROM campaign
GROUP BY account, envelope_from, header_sender, from_domain
