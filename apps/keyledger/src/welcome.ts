import type { FirstKey } from '../../gateway/src/authentication/bootstrap-key.ts';
import type { Config } from '#platform/config/config';

/** What the terminal shows after the start. The key is shown only this once. */
export const welcome = (url: string, config: Config, firstKey: FirstKey | undefined): string => {
  const lines = [
    '',
    `  Keyledger serves ${url}`,
    `    API         ${url}/api/v1   (OpenAPI: ${url}/api/v1/openapi.json)`,
    `    Data        ${config.database_url === undefined ? config.data_dir : 'in the database that DATABASE_URL names'}`,
    ...(firstKey?.origin === 'generated' ? [`    Admin key   ${firstKey.key}   (shown once: keep it)`] : []),
    ...(firstKey?.origin === 'configured' ? ['    Admin key   the one that KEYLEDGER_BOOTSTRAP_API_KEY gives'] : []),
    '    Next        npm run tour, or README.md',
    '',
  ];
  return lines.join('\n');
};
