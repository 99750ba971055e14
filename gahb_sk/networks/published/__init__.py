"""Networks of other people, by the key layout of their published weights."""
