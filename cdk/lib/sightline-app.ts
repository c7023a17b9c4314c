import type { App } from 'aws-cdk-lib';
import { ENVIRONMENTS, environmentOf } from './environment.ts';
import { RELEASE_MODES } from './machine-release.ts';
import { loadSettings } from './settings-file.ts';
import { StatefulStack } from './stateful-stack.ts';
import { StatelessStack, type Definitions } from './stateless-stack.ts';
import { UsageError } from './usage-error.ts';

export interface SightlineFiles {
  /** The folder that holds a folder of zips for each flavour: `local`, `arm64`, `x86_64`. */
  readonly dist: string;
  readonly definitions: Definitions;
  /** What this machine is, in Node's word. @default process.arch */
  readonly hostArchitecture?: string;
}

/**
 * Both stacks, by the app's context: `environment` (aws or local), `name`, `settings` (path of a JSON file), `release` (canary or at-once), `release-id` (a text).
 *
 * @throws UsageError one sentence, where context, settings or zips are not right.
 */
export function addStacks(app: App, files: SightlineFiles): { readonly stateful: StatefulStack; readonly stateless: StatelessStack } {
  const appName = nameFrom(app);
  const settings = loadSettings(textFrom(app, 'settings'));
  const environment = environmentOf(oneOf(app, 'environment', ENVIRONMENTS, 'aws'), files.dist, settings, files.hostArchitecture);
  const stateful = new StatefulStack(app, `${appName}-stateful`, { environment, settings });
  const stateless = new StatelessStack(app, `${appName}-stateless`, {
    environment,
    settings,
    appName,
    definitions: files.definitions,
    releaseMode: oneOf(app, 'release', RELEASE_MODES, 'canary'),
    releaseId: releaseIdFrom(app),
    stateful,
  });
  return { stateful, stateless };
}

function textFrom(app: App, key: string): string | undefined {
  const value: unknown = app.node.tryGetContext(key);
  if (value === undefined || typeof value === 'string') return value;
  throw new UsageError(`context "${key}" must be a text, but is ${JSON.stringify(value)}.`);
}

function oneOf<T extends string>(app: App, key: string, allowed: readonly T[], otherwise: T): T {
  const value = textFrom(app, key) ?? otherwise;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`context "${key}" must be one of ${allowed.join(', ')}, but is "${value}".`);
  return found;
}

/** Short enough for the descriptions of the functions, 256 letters. */
function releaseIdFrom(app: App): string | undefined {
  const value = textFrom(app, 'release-id');
  if (value !== undefined && !/^[\w.:+-]{1,64}$/.test(value)) {
    throw new UsageError(`context "release-id" must be 1 to 64 letters, digits or _ . : + -, but is "${value}".`);
  }
  return value;
}

/** Short enough for a state machine's 80 letters, with what is appended. */
function nameFrom(app: App): string {
  const value = textFrom(app, 'name') ?? 'sightline';
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(value)) {
    throw new UsageError(`context "name" must be 1 to 40 lower-case letters, digits or hyphens, a letter first, but is "${value}".`);
  }
  return value;
}
