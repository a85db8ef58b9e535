export * from './shared/refusal.ts';
