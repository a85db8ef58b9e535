export * from './auth/principal.ts';
export * from './config/config.ts';
export * from './crypto/keys.ts';
export * from './database/database.ts';
export * from './http/endpoint.ts';
export * from './http/problem.ts';
export * from './service.ts';
