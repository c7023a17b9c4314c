import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { pascalCase, type FunctionName } from './function-names.ts';
import type { Settings } from './settings.ts';
import { UsageError } from './usage-error.ts';

/** Where the app is deployed to: AWS, or the emulator on a developer's machine. */
export const ENVIRONMENTS = ['aws', 'local'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** All that may differ between AWS and a laptop; test/environments.test.ts lists what it comes to in the templates. */
export interface Environment {
  readonly name: EnvironmentName;
  /** Whether bucket, tables and key outlive their stack, and tables and the stack refuse to be deleted. */
  readonly keepData: boolean;
  /** Whether there is a bill to watch. */
  readonly billed: boolean;
  /** Whether alarms can be about more than one metric. */
  readonly metricMath: boolean;
  /** Whether state machines can have versions and aliases. */
  readonly machineReleases: boolean;
  /** The folder of the functions' zips, and what they are compiled for. */
  readonly artefacts: Artefacts;
}

export interface Artefacts {
  readonly directory: string;
  readonly architecture: Architecture;
  /** How missing zips come about, to follow a colon. */
  readonly hint: string;
}

/**
 * @param dist the folder that holds a folder of zips for each flavour.
 * @param hostArchitecture what this machine is, in Node's word. Default: as it is.
 */
export function environmentOf(name: EnvironmentName, dist: string, settings: Settings, hostArchitecture: string = process.arch): Environment {
  if (name === 'local') {
    const architecture = hostArchitecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
    return { name, keepData: false, billed: false, metricMath: false, machineReleases: false, artefacts: { directory: join(dist, 'local'), architecture, hint: '"make up" builds it' } };
  }
  const architecture = settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
  const directory = join(dist, settings.architecture);
  return { name, keepData: true, billed: true, metricMath: true, machineReleases: true, artefacts: { directory, architecture, hint: 'run "make package" first' } };
}

export function removalPolicyOf(environment: Environment): RemovalPolicy {
  return environment.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

/**
 * The zip of a function.
 *
 * @throws UsageError one sentence that says how to make it, where it is missing.
 */
export function artefactOf(artefacts: Artefacts, name: FunctionName): string {
  const path = join(artefacts.directory, `${name}.zip`);
  if (!existsSync(path)) throw new UsageError(`${path}, the code of ${pascalCase(name)}, is missing: ${artefacts.hint}.`);
  return path;
}
