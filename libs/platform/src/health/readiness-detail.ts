/**
 * A part of `/readyz` that tells operators something and does not decide whether the process is ready. The route is public.
 *
 * Subclasses are providers of a service's module; `startApp` finds them.
 */
export abstract class ReadinessDetail {
  /** Its field in `details`. */
  abstract readonly name: string;

  /** @returns JSON; undefined = there is nothing to tell, and the field is left out */
  abstract read(): Promise<unknown>;
}
