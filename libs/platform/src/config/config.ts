export type RateLimits = 'on' | 'off';

/** Everything the environment decides, validated. Read once, at start. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Public address (`iss` of leases, links in problem documents). */
  readonly public_url: string;
  /** Data folder: embedded PostgreSQL, master key. */
  readonly data_dir: string;
  /** Undefined = embedded PostgreSQL in the data folder. */
  readonly database_url: string | undefined;
  /** The same database as the role that owns the schemas, where that is another than `database_url`'s. */
  readonly migration_database_url: string | undefined;
  /** Undefined = log transport. */
  readonly kafka_brokers: readonly string[] | undefined;
  /** 32 bytes. */
  readonly master_key: Uint8Array;
  /** Those before it, under which something may still be sealed; 32 bytes each. */
  readonly previous_master_keys: readonly Uint8Array[];
  readonly bootstrap_api_key: string | undefined;
  readonly webhook_allow_cidrs: readonly string[];
  /** The HTTP proxy that webhooks go through; undefined = straight to their endpoints. */
  readonly webhook_proxy: string | undefined;
  /** Days for which events, deliveries and attempts are kept. */
  readonly webhook_retention_days: number;
  readonly trusted_proxies: readonly string[];
  /** Whether business time is a clock that `POST /admin/test-clock` moves. Never in production. */
  readonly test_clock: 'on' | 'off';
  readonly rate_limits: RateLimits;
  /** Calls a second that one API key may make of one process. */
  readonly rate_limit_per_api_key: number;
  /** Calls a second that may be made with one licence key of one process. */
  readonly rate_limit_per_license: number;
  readonly log_level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly metrics_token: string | undefined;
  /** Undefined = mails become files in the data folder. */
  readonly smtp_url: string | undefined;
  /** The address that mails come from. */
  readonly mail_from: string;
  /** Who is written to when something needs a person; undefined = nobody. */
  readonly operator_email: string | undefined;
  /** The page that takes invitations; its token comes after the `#`. Undefined = mails tell the token alone. */
  readonly invite_url: string | undefined;
  readonly otlp_endpoint: string | undefined;
  /** Where the gateway of a cluster finds the services, by name; undefined = the service runs in this process. */
  readonly service_urls: Readonly<Record<string, string | undefined>>;
}
