-- The audit chain. The application may call this function and read the log; it may write neither table itself.
--
-- A row's hash is SHA-256 over the hash before it and every field, each as its length in bytes, a colon and its text
-- (nothing but "-" for a null): fedcare.db.audit computes the same to verify. The chain written to is that of the
-- transaction's own institution, whatever the caller says.

create function append_audit(
    p_actor uuid, p_action text, p_subject_type text, p_subject_id text,
    p_outcome text, p_source text, p_request_id text
) returns bigint
-- pg_temp is named so that it comes last: else a caller's temporary table audit_heads would stand before ours, and
-- its triggers would run as the owner.
language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
as $$
declare
    v_tenant int := nullif(current_setting('app.institution_id', true), '')::int;
    v_at timestamptz;
    v_seq bigint;
    v_previous bytea;
    v_hash bytea;
    v_text text := '';
    v_field text;
begin
    if v_tenant is null then
        raise exception 'append_audit needs a transaction with a scope';
    end if;
    -- One writer a chain: a row is written when the one before it is certain.
    insert into audit_heads (tenant, seq, hash) values (v_tenant, 0, '\x') on conflict do nothing;
    select seq + 1, hash into v_seq, v_previous from audit_heads where tenant = v_tenant for update;
    v_at := clock_timestamp();
    foreach v_field in array array[
        v_tenant::text, v_seq::text, to_char(v_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), p_actor::text,
        p_action, p_subject_type, p_subject_id, p_outcome, p_source, p_request_id
    ] loop
        v_text := v_text || coalesce(octet_length(convert_to(v_field, 'UTF8')) || ':' || v_field, '-');
    end loop;
    v_hash := sha256(v_previous || convert_to(v_text, 'UTF8'));
    insert into audit_log (
        institution_id, seq, at, actor, action, subject_type, subject_id, outcome, source, request_id,
        previous_hash, hash
    ) values (
        nullif(v_tenant, 0), v_seq, v_at, p_actor, p_action, p_subject_type, p_subject_id, p_outcome, p_source,
        p_request_id, v_previous, v_hash
    );
    update audit_heads set seq = v_seq, hash = v_hash where tenant = v_tenant;
    return v_seq;
end $$;

revoke all on function append_audit from public;
