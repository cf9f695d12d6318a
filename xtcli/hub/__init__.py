"""Hub: a station with many peers. Knows no screen."""
