// The router: History API, typed routes, one reactive `here`. Views are loaded by name (views.ts).

export type Route =
  | { name: 'photos' }
  | { name: 'search' }
  | { name: 'photo'; id: string }
  | { name: 'upload' }
  | { name: 'review' }
  | { name: 'trends' }
  | { name: 'map' }
  | { name: 'executions' }
  | { name: 'execution'; id: string }
  | { name: 'settings' }
  | { name: 'lost' };

export type RouteName = Route['name'];

const plain: Record<string, Exclude<RouteName, 'photo' | 'execution' | 'lost'>> = {
  '/': 'photos',
  '/search': 'search',
  '/upload': 'upload',
  '/review': 'review',
  '/trends': 'trends',
  '/map': 'map',
  '/executions': 'executions',
  '/settings': 'settings',
};

/** The route of a path. A path that no view has is `lost`. */
export function parse(path: string): Route {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const name = plain[trimmed];
  if (name) return { name };
  const [, first, id, rest] = trimmed.split('/');
  if (id && rest === undefined) {
    try {
      if (first === 'photos') return { name: 'photo', id: decodeURIComponent(id) };
      if (first === 'executions') return { name: 'execution', id: decodeURIComponent(id) };
    } catch {
      // A broken escape in the address is not an id.
    }
  }
  return { name: 'lost' };
}

/** The path of a route, without a query. */
export function path(route: Route): string {
  switch (route.name) {
    case 'photo':
      return `/photos/${encodeURIComponent(route.id)}`;
    case 'execution':
      return `/executions/${encodeURIComponent(route.id)}`;
    case 'photos':
    case 'lost':
      return '/';
    default:
      return `/${route.name}`;
  }
}

type Place = { route: Route; query: URLSearchParams };

const read = (): Place => ({ route: parse(location.pathname), query: new URLSearchParams(location.search) });

/**
 * Where the page is. A photo is shown over the view that it was opened from: `base` is the place of that view, and does not
 * change while the photo is open. Views other than the photo read `base`. `query` is a new object after every change.
 */
export const here: Place & { base: Place | undefined } = $state({
  route: { name: 'photos' },
  query: new URLSearchParams(),
  base: undefined,
});

/** How the page came to where it is: a new entry of the history, or back and forward (the scroll position returns). */
export type Arrival = 'new' | 'again';
let listeners: ((arrival: Arrival, viewChanged: boolean) => void)[] = [];

// Entries of the history that this page made: back() leaves the page only when there is none.
let depth = 0;

function arrive(arrival: Arrival): void {
  const next = read();
  const before = here.base?.route.name;
  here.route = next.route;
  here.query = next.query;
  if (next.route.name !== 'photo') here.base = next;
  const viewChanged = next.route.name !== 'photo' && before !== next.route.name;
  for (const listener of listeners) listener(arrival, viewChanged);
}

/** Calls back after every change of the place; returns what stops it. */
export function onArrive(listener: (arrival: Arrival, viewChanged: boolean) => void): () => void {
  listeners.push(listener);
  return () => (listeners = listeners.filter((other) => other !== listener));
}

/** Goes to a path of the page. */
export function go(to: string, options: { replace?: boolean } = {}): void {
  const url = new URL(to, location.href);
  if (options.replace) history.replaceState({ ...(history.state as object | null) }, '', url);
  else {
    rememberScroll();
    depth += 1;
    history.pushState({ depth }, '', url);
  }
  arrive('new');
}

/** Goes back if the previous entry of the history belongs to this page; otherwise goes to `otherwise`. */
export function back(otherwise = '/'): void {
  if (depth > 0) history.back();
  else go(otherwise, { replace: true });
}

/** Changes the query in the address without a new entry in the history; empty values are dropped. */
export function setQuery(changes: Record<string, string | undefined>, options: { push?: boolean } = {}): void {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ''), { replace: !options.push });
}

/**
 * Calls `shown` with the id of a photo when the reader returns from it, so that the view below can put the focus on it. To be called while a
 * component is set up.
 */
export function afterPhoto(shown: (id: string) => void): void {
  let last: string | undefined;
  $effect(() => {
    if (here.route.name === 'photo') last = here.route.id;
    else if (last) {
      shown(last);
      last = undefined;
    }
  });
}

function rememberScroll(): void {
  history.replaceState({ ...(history.state as object | null), scroll: scrollY }, '');
}

/** The scroll position that this entry of the history had when it was left. */
export const rememberedScroll = (): number => (history.state as { scroll?: number } | null)?.scroll ?? 0;

/** Starts listening: back and forward, and clicks on links of this page. */
export function start(): void {
  history.scrollRestoration = 'manual';
  const place = read();
  here.route = place.route;
  here.query = place.query;
  here.base = place.route.name === 'photo' ? undefined : place;
  depth = (history.state as { depth?: number } | null)?.depth ?? 0;
  addEventListener('popstate', () => {
    depth = (history.state as { depth?: number } | null)?.depth ?? 0;
    arrive('again');
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || /^\/(api|media)\//.test(link.pathname)) return;
    if (link.pathname === location.pathname && link.hash) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
