#!/bin/sh
# Runs once, when the database is made: the login of gateway, coordinator and node. It owns nothing and every policy
# binds it; only `fedcare db upgrade`, as the owner, makes and changes tables.
set -eu
: "${FEDCARE_DB_PASSWORD:?}"
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$FEDCARE_DB_PASSWORD" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE fedcare_app NOLOGIN;
CREATE ROLE fedcare_login LOGIN PASSWORD :'password' IN ROLE fedcare_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
SQL
