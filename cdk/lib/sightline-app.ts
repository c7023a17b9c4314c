import type { App } from 'aws-cdk-lib';
import { ENVIRONMENTS, environmentOf } from './environment.ts';
import { loadSettings, UsageError } from './settings-file.ts';
import { RELEASE_MODES } from './state-machine.ts';
import { StatefulStack } from './stateful-stack.ts';
import { StatelessStack, type Definitions } from './stateless-stack.ts';
import type { FunctionDefaults } from './task-function.ts';
import { WebStack, type WebFiles } from './web-stack.ts';

export interface SightlineFiles {
  /** The folder with a subfolder of zips for each target: `local`, `arm64`, `x86_64`. */
  readonly dist: string;
  readonly definitions: Definitions;
  readonly web: WebFiles;
  /** This machine's architecture, as in `process.arch`. @default process.arch */
  readonly hostArchitecture?: string;
}

export interface Stacks {
  readonly stateful: StatefulStack;
  readonly stateless: StatelessStack;
  /** Undefined if the setting `web` is false. */
  readonly web: WebStack | undefined;
}

/**
 * Adds the stacks. The app's context configures them: `environment` (aws, local or test), `name`, `settings` (path of a JSON file),
 * `release` (canary or at-once) and `release-id`.
 *
 * @throws UsageError if the context or a setting is not valid, or a zip is missing.
 */
export function addStacks(app: App, files: SightlineFiles): Stacks {
  const deployment = nameFrom(app);
  const settings = loadSettings(settingsPathFrom(app));
  const environment = environmentOf(oneOf(app, 'environment', ENVIRONMENTS, 'aws'), files.dist, settings, files.hostArchitecture);
  const releaseId = releaseIdFrom(app);
  const defaults: FunctionDefaults = { artefacts: environment.artefacts, settings, deployment, releaseId };
  const stateful = new StatefulStack(app, `${deployment}-stateful`, { environment, settings, deployment });
  const stateless = new StatelessStack(app, `${deployment}-stateless`, {
    environment,
    settings,
    deployment,
    defaults,
    definitions: files.definitions,
    releaseMode: oneOf(app, 'release', RELEASE_MODES, 'canary'),
    releaseId,
    stateful,
  });
  if (!settings.web) return { stateful, stateless, web: undefined };
  const web = new WebStack(app, `${deployment}-web`, { environment, settings, deployment, defaults, files: files.web, stateful, stateless });
  return { stateful, stateless, web };
}

function textFrom(app: App, key: string): string | undefined {
  const value: unknown = app.node.tryGetContext(key);
  if (value === undefined || typeof value === 'string') return value;
  throw new UsageError(`context "${key}" must be a string, but is ${JSON.stringify(value)}.`);
}

function settingsPathFrom(app: App): string | undefined {
  const value = textFrom(app, 'settings');
  if (value === '') throw new UsageError('context "settings" must be the path of a file, but is "".');
  return value;
}

function oneOf<T extends string>(app: App, key: string, allowed: readonly T[], fallback: T): T {
  const value = textFrom(app, key) ?? fallback;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`context "${key}" must be one of ${allowed.join(', ')}, but is "${value}".`);
  return found;
}

/** Limited so that a function's description, which contains it, stays below 256 characters. */
function releaseIdFrom(app: App): string | undefined {
  const value = textFrom(app, 'release-id');
  if (value !== undefined && !/^[\w.:+-]{1,64}$/.test(value)) {
    throw new UsageError(`context "release-id" must be 1 to 64 letters, digits or _ . : + -, but is "${value}".`);
  }
  return value;
}

/** Limited so that a state machine's name, which begins with it, stays below 80 characters. */
function nameFrom(app: App): string {
  const value = textFrom(app, 'name') ?? 'sightline';
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(value)) {
    throw new UsageError(`context "name" must be 1 to 40 lower-case letters, digits or hyphens, starting with a letter, but is "${value}".`);
  }
  return value;
}
