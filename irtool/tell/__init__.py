"""Events -> words: timeline, post-incident report, bulletin, notices, and the cleaners of every exit."""
