-- Makes `addresses`: the addresses of the campaign's senders, their own and the forged ones, those of most messages.
SELECT address
FROM (
  SELECT header_sender AS address, messages FROM campaign
  UNION ALL SELECT envelope_from AS address, messages FROM campaign
  UNION ALL SELECT header_from AS address, messages FROM campaign
) named
WHERE address <> ''
GROUP BY address
ORDER BY sum(messages) DESC, address
LIMIT $most
