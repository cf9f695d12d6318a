"""Every bound of the records room, each with its unit. docs/format/records.md lists them."""

from __future__ import annotations

content_bytes_max = 16_384
"""A record's content; it keeps a record with its signature inside one small bundle."""
number_max = 2**31 - 1
"""Roster numbers of stations and practitioners."""
seq_max = 2**32 - 1
"""Sequence numbers of one station."""
at_max_seconds = 2**40
"""Unix seconds; far beyond any clock, small enough for every language's integers."""

name_chars_max = 64
code_chars_max = 32
line_chars_max = 200
text_chars_max = 4_000

vitals_max = 32
"""Measurements in one record."""
vital_code_max = 127
vital_value_max = 2**31 - 1
diagnoses_max = 16
rx_max = 16
departments_max = 128
depts_max = 16
"""Departments of one practitioner."""
spans_max = 256
"""Runs of record ids in one receipt or one `seen`."""
span_records_max = 1_024
"""Records named by one receipt; an honest one names no more than came in one bundle."""
seen_records_max = 512
"""Records that an answer may say it saw."""
digests_max = 256
"""Blobs in one receipt."""
blob_bytes_max = 64 * 2**20
call_seconds_max = 24 * 3600
rx_days_max = 365

realm_bytes = 8
prev_bytes = 8
digest_bytes = 32
blob_digest_bytes = 16
version_bytes = 8
rx_id_bytes = 6
key_bytes = 32
signature_bytes = 64
raw_bytes = prev_bytes + signature_bytes
