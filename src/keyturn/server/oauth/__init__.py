"""The OAuth endpoints: RFC 6749 with PKCE, RFC 8628, RFC 7009, RFC 8414, RFC 9068."""
