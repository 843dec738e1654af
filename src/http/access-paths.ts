/**
 * Which route a path leads to: one that is spelled like it, else one with `:name` for some parts.
 *
 * Parts are compared whole and decoded once; nothing else of a path is interpreted.
 */

export interface FoundRoute<R> {
  readonly route: R;
  /** The path as the routes spell it. */
  readonly pattern: string;
  readonly params: Readonly<Record<string, string>>;
}

/** The route of a path, null when there is none. */
export function routeAt<R>(
  routes: Readonly<Record<string, R>>,
  pathname: string,
): FoundRoute<R> | null {
  const exact = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  if (exact !== undefined) return { route: exact, pattern: pathname, params: {} };
  for (const [pattern, route] of Object.entries(routes)) {
    if (!pattern.includes('/:')) continue;
    const params = matched(pattern, pathname);
    if (params !== null) return { route, pattern, params };
  }
  return null;
}

function matched(pattern: string, pathname: string): Readonly<Record<string, string>> | null {
  const wanted = pattern.split('/');
  const given = pathname.split('/');
  if (wanted.length !== given.length) return null;
  const params: [string, string][] = [];
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? '';
    if (!part.startsWith(':')) {
      if (part !== value) return null;
      continue;
    }
    const decoded = decodedPart(value);
    if (decoded === null || decoded === '') return null;
    params.push([part.slice(1), decoded]);
  }
  return Object.fromEntries(params);
}

function decodedPart(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not UTF-8 behind its percent signs: it is no value of anything.
    return null;
  }
}
