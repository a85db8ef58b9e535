import { setPriority } from 'node:os';
import type { RenderTask } from './formats.ts';
import { render } from './render.ts';

/** Documents of mails may be many: answers of the process come first. On Linux, threads have priorities of their own. */
if (process.platform === 'linux') setPriority(10);

/** The work of a thread of `Documents`. */
export default (task: RenderTask): Promise<Uint8Array> => render(task);
