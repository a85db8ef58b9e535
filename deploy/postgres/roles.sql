-- Run once, by the superuser, when the data directory is made: a role and a schema for each service. A service owns its own
-- schema and may do nothing in the others'. Passwords come from the environment of the PostgreSQL container.

\getenv gateway_password GATEWAY_DB_PASSWORD
\getenv licensing_password LICENSING_DB_PASSWORD
\getenv billing_password BILLING_DB_PASSWORD
\getenv releases_password RELEASES_DB_PASSWORD
\getenv webhooks_password WEBHOOKS_DB_PASSWORD

revoke all on database keyledger from public;
revoke all on schema public from public;

create role keyledger_gateway with login password :'gateway_password';
create role keyledger_licensing with login password :'licensing_password';
create role keyledger_billing with login password :'billing_password';
create role keyledger_releases with login password :'releases_password';
create role keyledger_webhooks with login password :'webhooks_password';

grant connect on database keyledger
  to keyledger_gateway, keyledger_licensing, keyledger_billing, keyledger_releases, keyledger_webhooks;

create schema gateway authorization keyledger_gateway;
create schema licensing authorization keyledger_licensing;
create schema billing authorization keyledger_billing;
create schema releases authorization keyledger_releases;
create schema webhooks authorization keyledger_webhooks;
