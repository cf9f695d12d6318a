"""Records: what clinicians did, signed. Knows no link, screen or sound."""
