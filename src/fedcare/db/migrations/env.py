"""How Alembic reaches the database: on the connection that ``fedcare.db.migrate`` hands it."""

from alembic import context

from fedcare.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
