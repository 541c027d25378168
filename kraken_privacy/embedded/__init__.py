"""PostgreSQL and Valkey from wheels, for `make run`, `make test` and benchmarks. Production starts none of it."""
