import { render, type RenderTask } from './render.ts';

/** The work of a thread of `Documents`. Its buffer is copied to the caller, so it must not be one that others use. */
export default (task: RenderTask): Promise<Uint8Array> => render(task);
