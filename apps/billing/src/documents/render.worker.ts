import type { RenderTask } from './formats.ts';
import { render } from './render.ts';

/** The work of a thread of `Documents`. */
export default (task: RenderTask): Promise<Uint8Array> => render(task);
