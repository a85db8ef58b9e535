import type { Readable, Writable } from 'node:stream';

export function logLines(output: Readable, log: Writable, take?: (line: string) => boolean): void;
