-- Makes `destinations`: the domains that the campaign sends to, those of most messages.
SELECT recipient_domain
FROM campaign
WHERE recipient_domain IS NOT NULL
GROUP BY recipient_domain
ORDER BY sum(messages) DESC, recipient_domain
LIMIT $most
