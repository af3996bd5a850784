"""The names of lines in a credentials file that note when the keys beside them end."""

# AWS does not tell when a session token ends. Each tool that fetches one notes it under a name of its own.
END_NOTES = (
    "aws_expiration",
    "expiration",
    "aws_credential_expiration",
    "aws_session_expiration",
    "x_security_token_expires",
)
