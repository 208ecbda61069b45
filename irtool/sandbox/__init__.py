"""A pretend mail provider with a real admin API: for the demo, for drills and for tests."""
