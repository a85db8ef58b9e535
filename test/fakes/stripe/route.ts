import type { Params } from './params.ts';
import type { World } from './world.ts';

export interface Call {
  readonly world: World;
  readonly params: Params;
  /** The value of a `:name` in the path. */
  path(name: string): string;
}

/** Answers a call; throws a StripeRefusal for what is not 200. */
export type Handler = (call: Call) => object;

/** Routes as `POST /v1/prices/:id`. */
export type Routes = Readonly<Record<string, Handler>>;

export interface Match {
  /** The route as it is written. */
  readonly route: string;
  readonly handler: Handler;
  readonly path: ReadonlyMap<string, string>;
}

interface Entry {
  readonly route: string;
  readonly method: string;
  readonly parts: readonly string[];
  readonly handler: Handler;
}

/** Finds the route of a request; a literal part wins over a `:name`. */
export class Router {
  readonly #entries: readonly Entry[];

  constructor(tables: readonly Routes[]) {
    this.#entries = tables
      .flatMap((table) => Object.entries(table))
      .map(([route, handler]) => {
        const [method = '', path = ''] = route.split(' ');
        return { route, method, parts: path.split('/'), handler };
      })
      .sort((a, b) => names(a.parts) - names(b.parts));
  }

  find(method: string, path: string): Match | undefined {
    const parts = path.split('/');
    for (const { route, method: own, parts: pattern, handler } of this.#entries) {
      if (own !== method || pattern.length !== parts.length) continue;
      const fits = pattern.every((part, index) => part.startsWith(':') || part === parts[index]);
      if (!fits) continue;
      const values = pattern.flatMap((part, index): [string, string][] =>
        part.startsWith(':') ? [[part.slice(1), decodeURIComponent(parts[index] ?? '')]] : [],
      );
      return { route, handler, path: new Map(values) };
    }
    return undefined;
  }
}

const names = (parts: readonly string[]): number => parts.filter((part) => part.startsWith(':')).length;
