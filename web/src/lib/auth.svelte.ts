// Sign-in by Cognito's own page: authorization code with PKCE. The addresses come from /config.json, so the code is
// the same on AWS and on the local stack. Tokens live in memory only; after a reload the provider's own session
// signs in again, without a click where it still lasts.
import * as oauth from 'oauth4webapi';

type Config = {
  issuer: string;
  authorize: string;
  token: string;
  logout: string;
  clientId: string;
  region: string;
  /** Where Cognito takes the call that signs out everywhere. */
  accounts: string;
  scope: string;
};

type Held = { access: string; refresh: string | undefined; until: number; scope: string };

/** The call that signs out everywhere needs this scope in the token. */
const ADMIN_SCOPE = 'aws.cognito.signin.user.admin';

/** `starting` until it is known; `leaving` while the browser goes to the sign-in page; `ended` when the session ran out under the page. */
export type AuthState = 'starting' | 'out' | 'leaving' | 'in' | 'ended' | 'failed';

export const auth: { state: AuthState; groups: string[]; email: string | undefined; sub: string | undefined } = $state({
  state: 'starting',
  groups: [],
  email: undefined,
  sub: undefined,
});

let held: Held | undefined;
let renewing: Promise<string | undefined> | undefined;
let loaded: Promise<Config> | undefined;
/** Tells the other tabs of this browser that their person has signed out. */
let tabs: BroadcastChannel | undefined;

function config(): Promise<Config> {
  loaded ??= fetch('/config.json', { cache: 'no-cache' }).then(async (response) => {
    if (!response.ok) throw new TypeError(`/config.json answered ${response.status}`);
    return (await response.json()) as Config;
  });
  loaded.catch(() => (loaded = undefined));
  return loaded;
}

const server = (c: Config): oauth.AuthorizationServer => ({
  issuer: c.issuer,
  authorization_endpoint: c.authorize,
  token_endpoint: c.token,
});
// The local stack has no TLS; everywhere else, plain HTTP is refused.
const options = () => (location.protocol === 'http:' ? { [oauth.allowInsecureRequests]: true } : {});
const callback = () => `${location.origin}/signed-in`;

/** The claims of a JWT that came from the token endpoint itself: read for display; the API verifies it. */
function claims(jwt: string): Record<string, unknown> {
  const part = (jwt.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
  const bytes = Uint8Array.from(atob(part), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

/** Groups come as a list, or as the text "[reviewers operators]" where an HTTP API flattened them. */
export function groupsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((group): group is string => typeof group === 'string');
  return typeof value === 'string' ? value.replace(/^\[|\]$/g, '').split(/[\s,]+/).filter(Boolean) : [];
}

function keep(answer: oauth.TokenEndpointResponse): void {
  const access = claims(answer.access_token);
  held = {
    access: answer.access_token,
    refresh: answer.refresh_token ?? held?.refresh,
    // Renewed half a minute early, so that a call under way does not outlive its token.
    until: Date.now() + (answer.expires_in ?? 300) * 1000 - 30_000,
    scope: typeof access['scope'] === 'string' ? access['scope'] : '',
  };
  const groups = groupsOf(access['cognito:groups']);
  auth.groups = groups.length || auth.state !== 'in' ? groups : auth.groups;
  if (typeof access['sub'] === 'string') auth.sub = access['sub'];
  const identity = oauth.getValidatedIdTokenClaims(answer);
  if (typeof identity?.['email'] === 'string') auth.email = identity['email'];
  auth.state = 'in';
  localStorage.setItem('signed-in', '1');
}

type Flow = { verifier: string; state: string; nonce: string; to: string };

/** Leaves for the sign-in page; the reader comes back to where they were. */
export async function signIn(to = location.pathname + location.search, byItself = false): Promise<void> {
  auth.state = 'leaving';
  try {
    const c = await config();
    const flow: Flow = {
      verifier: oauth.generateRandomCodeVerifier(),
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      to: to.startsWith('/signed-in') ? '/' : to,
    };
    sessionStorage.setItem('flow', JSON.stringify(flow));
    const url = new URL(c.authorize);
    const parameters = {
      client_id: c.clientId,
      response_type: 'code',
      scope: c.scope,
      redirect_uri: callback(),
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    // By itself it leaves no entry behind: the back button of the sign-in page would lead straight back to it.
    if (byItself) location.replace(url);
    else location.assign(url);
  } catch {
    auth.state = 'failed';
  }
}

/** What this tab remembered when it left for the sign-in page; it counts once. */
function takeFlow(): Partial<Flow> {
  const flow = JSON.parse(sessionStorage.getItem('flow') ?? '{}') as Partial<Flow>;
  sessionStorage.removeItem('flow');
  return flow;
}

/** Exchanges the code that the sign-in page sent back. */
async function finish(flow: Partial<Flow>): Promise<void> {
  const c = await config();
  if (!flow.state || !flow.verifier || !flow.nonce) throw new Error('no sign-in was started in this tab');
  const client: oauth.Client = { client_id: c.clientId };
  const parameters = oauth.validateAuthResponse(server(c), client, new URL(location.href), flow.state);
  const response = await oauth.authorizationCodeGrantRequest(server(c), client, oauth.None(), parameters, callback(), flow.verifier, options());
  keep(await oauth.processAuthorizationCodeResponse(server(c), client, response, { expectedNonce: flow.nonce, requireIdToken: true }));
}

/** Called once, before the page is drawn. Returns the path to show, when sign-in ended at another one. */
export async function start(): Promise<string | undefined> {
  tabs = new BroadcastChannel('signed-out');
  tabs.onmessage = () => {
    held = undefined;
    auth.state = 'out';
    // A new document has nothing of the photos in its memory, and no queue that continues.
    location.reload();
  };
  if (location.pathname === '/signed-in') {
    const flow = takeFlow();
    try {
      await finish(flow);
    } catch {
      auth.state = 'failed';
      localStorage.removeItem('signed-in');
    }
    // Also after a failure: trying again leads to where the reader wanted to go.
    return flow.to ?? '/';
  }
  if (localStorage.getItem('signed-in')) {
    await signIn(undefined, true);
    return undefined;
  }
  auth.state = 'out';
  return undefined;
}

async function renew(): Promise<string | undefined> {
  if (!held?.refresh) return undefined;
  const c = await config();
  const client: oauth.Client = { client_id: c.clientId };
  try {
    const response = await oauth.refreshTokenGrantRequest(server(c), client, oauth.None(), held.refresh, options());
    keep(await oauth.processRefreshTokenResponse(server(c), client, response));
    return held.access;
  } catch (error) {
    // No answer is not a refusal: the session may still be good when the network is back.
    if (error instanceof TypeError) throw error;
    sessionEnded();
    return undefined;
  }
}

/** An access token that is still good, renewed when it is about to end. */
export async function token(): Promise<string | undefined> {
  if (held && Date.now() < held.until) return held.access;
  renewing ??= renew().finally(() => (renewing = undefined));
  return renewing;
}

/** The API or the provider refused the session: the page stays, and asks to sign in again. */
export function sessionEnded(): void {
  held = undefined;
  if (auth.state === 'in') auth.state = 'ended';
}

export const inGroup = (group: 'reviewers' | 'operators'): boolean => auth.groups.includes(group);

export const canSignOutEverywhere = (): boolean => held?.scope.split(' ').includes(ADMIN_SCOPE) ?? false;

/** Ends every session of this user on every device, as far as the token's scope allows. */
async function signOutOthers(c: Config): Promise<void> {
  const access = await token();
  if (!access) return;
  const response = await fetch(c.accounts, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSCognitoIdentityProviderService.GlobalSignOut' },
    body: JSON.stringify({ AccessToken: access }),
  });
  if (!response.ok) throw new Error(`sign-out everywhere was refused: ${response.status}`);
}

/** Forgets the tokens of every tab and ends the provider's session of this browser. `everywhere` ends all of them first. */
export async function signOut(everywhere = false): Promise<void> {
  const c = await config();
  if (everywhere) await signOutOthers(c);
  held = undefined;
  localStorage.removeItem('signed-in');
  tabs?.postMessage(null);
  auth.state = 'leaving';
  const url = new URL(c.logout);
  url.searchParams.set('client_id', c.clientId);
  url.searchParams.set('logout_uri', `${location.origin}/`);
  location.assign(url);
}
