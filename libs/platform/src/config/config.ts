import { resolve } from 'node:path';
import { Transform } from 'class-transformer';
import { CommaList, DatabaseAddress, Networks, OneOf, WebAddress, WholeNumber } from './kinds.ts';
import { Setting, type SettingsClass } from './setting.ts';

export type RateLimits = 'on' | 'off';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** The settings of every process, regardless of its services. Services declare their own settings in their features. */
export class PlatformSettings {
  @Setting('HOST')
  readonly host: string = '127.0.0.1';

  @Setting('PORT')
  @WholeNumber(0, 65_535)
  readonly port: number = 4_000;

  /** Public address (`iss` of leases, links in problem documents); undefined = the address that the process listens on. */
  @Setting('KEYLEDGER_PUBLIC_URL')
  @WebAddress()
  readonly public_url?: string;

  /** Folder of the embedded PostgreSQL and of the master key. */
  @Setting('KEYLEDGER_DATA')
  @Transform(({ value }: { value: unknown }) => resolve(String(value)))
  readonly data_dir: string = resolve('./data');

  /** Undefined = the embedded PostgreSQL in the data folder. */
  @Setting('DATABASE_URL', { secret: true })
  @DatabaseAddress()
  readonly database_url?: string;

  /** The same database as the role that owns the schemas, if that is not the role of `database_url`. */
  @Setting('KEYLEDGER_MIGRATION_DATABASE_URL', { secret: true })
  @DatabaseAddress()
  readonly migration_database_url?: string;

  /** Undefined = the log transport. */
  @Setting('KAFKA_BROKERS')
  @CommaList()
  readonly kafka_brokers?: readonly string[];

  /** 32 bytes in hex or base64; undefined = the key file in the data folder. */
  @Setting('KEYLEDGER_MASTER_KEY', { secret: true })
  readonly master_key?: string;

  /** Previous master keys, under which secrets may still be sealed. */
  @Setting('KEYLEDGER_PREVIOUS_MASTER_KEYS', { secret: true })
  @CommaList()
  readonly previous_master_keys?: readonly string[];

  /** Networks of proxies whose X-Forwarded-For is trusted. */
  @Setting('KEYLEDGER_TRUSTED_PROXIES')
  @Networks()
  readonly trusted_proxies: readonly string[] = [];

  /** Whether business time is a clock that `POST /admin/test-clock` moves. Never use it in production. */
  @Setting('KEYLEDGER_TEST_CLOCK')
  @OneOf('on', 'off')
  readonly test_clock: 'on' | 'off' = 'off';

  @Setting('KEYLEDGER_RATE_LIMITS')
  @OneOf('on', 'off')
  readonly rate_limits: RateLimits = 'on';

  @Setting('KEYLEDGER_LOG_LEVEL')
  @OneOf('trace', 'debug', 'info', 'warn', 'error', 'silent')
  readonly log_level: LogLevel = 'info';

  /** Bearer token for /metrics from other machines; undefined = loopback only. */
  @Setting('KEYLEDGER_METRICS_TOKEN', { secret: true })
  readonly metrics_token?: string;

  /** Target of traces, by OTLP over HTTP; undefined = none. */
  @Setting('OTEL_EXPORTER_OTLP_ENDPOINT')
  @WebAddress()
  readonly otlp_endpoint?: string;
}

/** All settings from the environment, validated. Read once, at start. */
export interface Config extends Omit<PlatformSettings, 'public_url' | 'master_key' | 'previous_master_keys'> {
  readonly public_url: string;
  /** 32 bytes. */
  readonly master_key: Uint8Array;
  /** 32 bytes each. */
  readonly previous_master_keys: readonly Uint8Array[];
  /** Addresses of the services for the gateway of a cluster, by name; undefined = the service runs in this process. */
  readonly service_urls: Readonly<Record<string, string | undefined>>;
  /** The settings of a running service's feature. @throws Error for a class that no feature of a running service lists */
  settingsOf<Settings extends object>(settings: SettingsClass<Settings>): Settings;
}
