-- Nothing ever wrote to the first ledger, which could not say which mechanisms a cost comes of.
drop table privacy_ledger;

create table privacy_budgets (
    institution_id integer not null,
    tenant integer generated always as (coalesce(institution_id, 0)) stored not null,
    seq bigint not null,
    epsilon double precision not null,
    delta double precision not null,
    private_only boolean not null,
    set_by uuid,
    set_at timestamp with time zone not null default now(),
    constraint pk_privacy_budgets primary key (tenant, seq),
    constraint fk_privacy_budgets_institution_id foreign key (institution_id) references institutions (id),
    constraint ck_privacy_budgets_limits check (epsilon >= 0 and epsilon < 'infinity' and delta > 0 and delta < 1)
);

create table privacy_ledger (
    institution_id integer not null,
    tenant integer generated always as (coalesce(institution_id, 0)) stored not null,
    seq bigint not null,
    at timestamp with time zone not null default now(),
    run varchar(100) not null,
    plan_hash varchar(64) not null,
    task varchar(100) not null,
    kind varchar(20) not null,
    what varchar(30),
    round integer,
    uses jsonb not null default '[]'::jsonb,
    epsilon double precision not null,
    delta double precision not null,
    constraint pk_privacy_ledger primary key (tenant, seq),
    constraint fk_privacy_ledger_institution_id foreign key (institution_id) references institutions (id),
    constraint ck_privacy_ledger_kind check (kind in ('reserved', 'begun', 'settled', 'unbounded')),
    constraint ck_privacy_ledger_cost check (epsilon >= 0 and delta > 0 and delta < 1)
);
