"""PostgreSQL and Valkey from wheels, for `make run`, `make test` and benchmarks. Production never imports this."""
