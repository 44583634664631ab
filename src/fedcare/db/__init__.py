"""What is kept: tables, sessions with row-level security, migrations, the audit chain, the embedded server."""
